package research

import "time"

// WithLimit is the database with other time limits than its own.
func (db *DB) WithLimit(limit time.Duration) *DB {
	other := *db
	other.limit = limit
	return &other
}
