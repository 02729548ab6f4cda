package publish

import "notionrelay/shared/notion"

// The codes of failures that are neither Notion's nor among the reasons.
const (
	codeGaveUp     = "gave_up"
	codeRecordLost = "record_lost"
)

// FailureCodes are the codes of failures that the publisher gives itself. The
// others are Notion's.
func FailureCodes() []string {
	codes := []string{codeGaveUp, codeRecordLost}
	for _, r := range reasons {
		codes = append(codes, r.code)
	}
	return codes
}

// HaltCodes are the codes of what halts the publisher.
func HaltCodes() []string {
	return []string{
		NotionUnreachable, NotionFailing, RowLimit,
		notion.TokenRefused, notion.AccessBlocked, notion.DatabaseNotFound, notion.DatabaseInTrash, notion.SeveralDataSources,
		notion.ColumnMissing, notion.ColumnType, notion.CannotRead, notion.CannotInsert, notion.CannotUpdate, notion.BlockLimit,
	}
}
