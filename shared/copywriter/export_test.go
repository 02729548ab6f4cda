package copywriter

import "time"

// SetLimit shortens the time that a text may take.
func (c *Copywriter) SetLimit(d time.Duration) { c.limit = d }
