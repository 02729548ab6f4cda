// Package dynamoruns is the record of package runs on Amazon DynamoDB.
package dynamoruns

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"notionrelay/shared/runs"
)

// Store is the run record in a table as Table describes it. The table holds a
// run under its id, under "row#" and a row's id the id of the run that owns the
// row, and three items for all runs: the halt, the pause, and when the last one was
// accepted.
type Store struct {
	client *dynamodb.Client
	table  string
}

// New gives access to the record in the table with that name. It asks
// nothing of AWS.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: table}
}

// Attributes beside the record, which is the run as JSON. They are there for
// conditions, for the index and for people.
const (
	attrID         = "id"
	attrRunID      = "runId"
	attrAcceptedAt = "acceptedAt" // RFC 3339, of fixed width, so that it sorts
	attrStatus     = "status"
	attrRowID      = "rowId" // only where the row's item was written as well
	attrVersion    = "version"
	attrExpires    = "expires" // seconds since 1970; the table's time to live
	attrRecord     = "record"
	attrOwner      = "owner" // of a row's item: the id of its run

	runIDIndex  = "runId-index"
	statusIndex = "status-index"

	haltKey         = "halt"
	pauseKey        = "pause"
	lastAcceptedKey = "last-accepted"
)

// Table describes the table that New needs, apart from its time to
// live, which is on the attribute "expires".
func Table(name string) *dynamodb.CreateTableInput {
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	// Runs that share an attribute, by the time of their acceptance.
	index := func(name, shared string) types.GlobalSecondaryIndex {
		return types.GlobalSecondaryIndex{
			IndexName:  &name,
			KeySchema:  []types.KeySchemaElement{key(shared, types.KeyTypeHash), key(attrAcceptedAt, types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}
	}
	return &dynamodb.CreateTableInput{
		TableName:              &name,
		BillingMode:            types.BillingModePayPerRequest,
		AttributeDefinitions:   []types.AttributeDefinition{attribute(attrID), attribute(attrRunID), attribute(attrStatus), attribute(attrAcceptedAt)},
		KeySchema:              []types.KeySchemaElement{key(attrID, types.KeyTypeHash)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{index(runIDIndex, attrRunID), index(statusIndex, attrStatus)},
	}
}

// Create stores a new run, which owns no row yet, as version 1. When there is
// a record with its id, that record is returned instead and created is false.
// An expired record counts as absent: DynamoDB takes days to delete it.
func (s *Store) Create(ctx context.Context, run runs.Run) (stored runs.Run, created bool, err error) {
	if run.RowID != "" {
		return runs.Run{}, false, fmt.Errorf("create run %s: it has row %s already", run.ReportID, run.RowID)
	}
	run.Version = 1
	item, err := runItem(run)
	if err != nil {
		return runs.Run{}, false, fmt.Errorf("create run %s: %w", run.ReportID, err)
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 &s.table,
		Item:                      item,
		ConditionExpression:       aws.String("attribute_not_exists(id) OR expires <= :now"),
		ExpressionAttributeValues: attributes{":now": epoch(time.Now())},
	})
	if exists := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &exists) {
		// Not every server in DynamoDB's place returns the old item with the
		// refusal, so it is read.
		stored, err = s.Get(ctx, run.ReportID)
		return stored, false, err
	}
	if err != nil {
		return runs.Run{}, false, fmt.Errorf("create run %s: %w", run.ReportID, err)
	}
	// Where this one fails a new report waits a little longer, which is no reason
	// to refuse it.
	_ = s.putItem(ctx, attributes{attrID: text(lastAcceptedKey), attrAcceptedAt: item[attrAcceptedAt], attrExpires: item[attrExpires]})
	return run, true, nil
}

// Get reads the run with that id, strongly consistent, or returns ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (runs.Run, error) {
	var run runs.Run
	item, err := s.item(ctx, id)
	if err == nil {
		err = json.Unmarshal([]byte(str(item, attrRecord)), &run)
	}
	if err != nil {
		return runs.Run{}, fmt.Errorf("get run %s: %w", id, err)
	}
	return run, nil
}

// Latest reads the run that was accepted last of those with the caller's
// research run id, or returns ErrNotFound. A run may be missing from the index
// for a moment after its creation.
func (s *Store) Latest(ctx context.Context, runID string) (runs.Run, error) {
	if runID == "" { // which no key can be
		return runs.Run{}, fmt.Errorf("get latest run: %w without a research run id", runs.ErrNotFound)
	}
	out, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &s.table,
		IndexName:                 aws.String(runIDIndex),
		KeyConditionExpression:    aws.String("runId = :runId"),
		ExpressionAttributeValues: attributes{":runId": text(runID)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(1),
	})
	if err == nil && len(out.Items) == 0 {
		err = runs.ErrNotFound
	}
	if err != nil {
		return runs.Run{}, fmt.Errorf("get latest run of %s: %w", runID, err)
	}
	return s.Get(ctx, str(out.Items[0], attrID))
}

// List returns the newest runs that the query asks for, newest first. A run may be
// missing from the index, or be there with an earlier status, for a moment after
// each change; what is returned has the status that was asked for.
func (s *Store) List(ctx context.Context, q runs.Query) ([]runs.Run, error) {
	statuses := runs.Statuses()
	if q.Status != "" {
		statuses = []runs.Status{q.Status}
	}
	var found []runs.Run
	for _, status := range statuses {
		ids, err := s.listIDs(ctx, status, q)
		if err != nil {
			return nil, fmt.Errorf("list runs that are %s: %w", status, err)
		}
		for _, id := range ids {
			run, err := s.Get(ctx, id)
			if errors.Is(err, runs.ErrNotFound) || err == nil && run.Status != status {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("list runs: %w", err)
			}
			found = append(found, run)
		}
	}
	slices.SortFunc(found, func(a, b runs.Run) int { return b.AcceptedAt.Compare(a.AcceptedAt) })
	return found[:min(len(found), q.Limit)], nil
}

// listIDs reads one status from its index.
func (s *Store) listIDs(ctx context.Context, status runs.Status, q runs.Query) (ids []string, err error) {
	until := endOfTime
	if !q.Before.IsZero() {
		until = q.Before.Add(-time.Nanosecond)
	}
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName:                 &s.table,
		IndexName:                 aws.String(statusIndex),
		KeyConditionExpression:    aws.String("#status = :status AND acceptedAt BETWEEN :since AND :until"),
		ExpressionAttributeNames:  map[string]string{"#status": attrStatus}, // a reserved word
		ExpressionAttributeValues: attributes{":status": text(string(status)), ":since": text(sortable(q.Since)), ":until": text(sortable(until))},
		ScanIndexForward:          aws.Bool(false),
	})
	for pages.HasMorePages() && len(ids) < q.Limit {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			ids = append(ids, str(item, attrID))
		}
	}
	return ids[:min(len(ids), q.Limit)], nil
}

// Save stores the run and counts its version up. It returns ErrStale, and
// leaves run as it was, when the record has another version or is gone, and
// ErrRowTaken when the run's row belongs to another one.
//
// The first save with a row writes the row's item in the same transaction. That
// it is the first is learned by trying the plain write, which costs one refused
// write once in a run, and keeps every later save a single one.
//
// When the answer to a write is lost and the SDK repeats it, ErrStale can mean
// this very save. Then too the run is best read again.
func (s *Store) Save(ctx context.Context, run *runs.Run) error {
	next := *run
	next.Version++
	item, err := runItem(next)
	if err != nil {
		return fmt.Errorf("save run %s: %w", run.ReportID, err)
	}
	err = s.put(ctx, item, run)
	if run.RowID != "" && errors.Is(err, runs.ErrStale) {
		err = s.putWithRow(ctx, item, run)
	}
	if err != nil {
		return fmt.Errorf("save run %s: %w", run.ReportID, err)
	}
	run.Version = next.Version
	return nil
}

// LastAccepted returns when the newest run was accepted, or the zero time.
func (s *Store) LastAccepted(ctx context.Context) (time.Time, error) {
	item, err := s.item(ctx, lastAcceptedKey)
	if errors.Is(err, runs.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("get time of the last report: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, str(item, attrAcceptedAt))
	if err != nil {
		return time.Time{}, fmt.Errorf("get time of the last report: %w", err)
	}
	return at, nil
}

// Halt returns the halt that was set last, the zero one if none was.
func (s *Store) Halt(ctx context.Context) (runs.Halt, error) {
	var halt runs.Halt
	item, err := s.item(ctx, haltKey)
	if errors.Is(err, runs.ErrNotFound) {
		return halt, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(str(item, attrRecord)), &halt)
	}
	if err != nil {
		return runs.Halt{}, fmt.Errorf("get halt: %w", err)
	}
	return halt, nil
}

// SetHalt stores the halt of all runs. The zero Halt ends it.
func (s *Store) SetHalt(ctx context.Context, halt runs.Halt) error {
	if err := s.putRecord(ctx, haltKey, halt); err != nil {
		return fmt.Errorf("set halt: %w", err)
	}
	return nil
}

// Pause returns the pause that was set last, the zero one if none was.
func (s *Store) Pause(ctx context.Context) (runs.Pause, error) {
	var pause runs.Pause
	item, err := s.item(ctx, pauseKey)
	if errors.Is(err, runs.ErrNotFound) {
		return pause, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(str(item, attrRecord)), &pause)
	}
	if err != nil {
		return runs.Pause{}, fmt.Errorf("get pause: %w", err)
	}
	return pause, nil
}

// SetPause stores the pause of all runs. The zero Pause ends it.
func (s *Store) SetPause(ctx context.Context, pause runs.Pause) error {
	if err := s.putRecord(ctx, pauseKey, pause); err != nil {
		return fmt.Errorf("set pause: %w", err)
	}
	return nil
}

// putRecord writes an item of all runs.
func (s *Store) putRecord(ctx context.Context, key string, record any) error {
	encoded, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return s.putItem(ctx, attributes{attrID: text(key), attrRecord: text(string(encoded)), attrExpires: epoch(time.Now().Add(runs.Retention))})
}

// putItem writes an item whatever is there.
func (s *Store) putItem(ctx context.Context, item attributes) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item})
	return err
}

// OwnerOf returns the id of the run whose row that is, strongly consistent, or
// "" when it is nobody's.
func (s *Store) OwnerOf(ctx context.Context, rowID string) (string, error) {
	item, err := s.item(ctx, rowKey(rowID))
	if errors.Is(err, runs.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find owner of row %s: %w", rowID, err)
	}
	return str(item, attrOwner), nil
}

// item reads one item that has not expired.
func (s *Store) item(ctx context.Context, id string) (attributes, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: attributes{attrID: text(id)}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	if out.Item == nil {
		return nil, runs.ErrNotFound
	}
	expires, ok := out.Item[attrExpires].(*types.AttributeValueMemberN)
	if !ok {
		return nil, fmt.Errorf("item has no attribute %s", attrExpires)
	}
	at, err := strconv.ParseInt(expires.Value, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read attribute %s: %w", attrExpires, err)
	}
	if at <= time.Now().Unix() {
		return nil, runs.ErrNotFound
	}
	return out.Item, nil
}

// put writes a run whose row, if it has one, is written already. ErrStale can
// mean here that it is not.
func (s *Store) put(ctx context.Context, item attributes, was *runs.Run) error {
	condition, values := "version = :version", attributes{":version": number(was.Version)}
	if was.RowID != "" {
		condition += " AND rowId = :rowId"
		values[":rowId"] = text(was.RowID)
	}
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: item, ConditionExpression: &condition, ExpressionAttributeValues: values,
	})
	if changed := (*types.ConditionalCheckFailedException)(nil); errors.As(err, &changed) {
		return runs.ErrStale
	}
	return err
}

// putWithRow writes a run together with its ownership of its row.
func (s *Store) putWithRow(ctx context.Context, item attributes, was *runs.Run) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{
				TableName:                 &s.table,
				Item:                      item,
				ConditionExpression:       aws.String("version = :version"),
				ExpressionAttributeValues: attributes{":version": number(was.Version)},
			}},
			{Put: &types.Put{
				TableName:                 &s.table,
				Item:                      attributes{attrID: text(rowKey(was.RowID)), attrOwner: text(was.ReportID), attrExpires: item[attrExpires]},
				ConditionExpression:       aws.String("attribute_not_exists(id) OR #owner = :run OR expires <= :now"),
				ExpressionAttributeNames:  map[string]string{"#owner": attrOwner}, // a reserved word
				ExpressionAttributeValues: attributes{":run": text(was.ReportID), ":now": epoch(time.Now())},
			}},
		},
	})
	canceled := (*types.TransactionCanceledException)(nil)
	if !errors.As(err, &canceled) || len(canceled.CancellationReasons) != 2 {
		return err
	}
	const refused = "ConditionalCheckFailed"
	switch {
	case aws.ToString(canceled.CancellationReasons[0].Code) == refused:
		return runs.ErrStale
	case aws.ToString(canceled.CancellationReasons[1].Code) == refused:
		return fmt.Errorf("row %s: %w", was.RowID, runs.ErrRowTaken)
	}
	return err
}

type attributes = map[string]types.AttributeValue

func runItem(run runs.Run) (attributes, error) {
	record, err := json.Marshal(run)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	item := attributes{
		attrID:         text(run.ReportID),
		attrAcceptedAt: text(sortable(run.AcceptedAt)),
		attrStatus:     text(string(run.Status)),
		attrVersion:    number(run.Version),
		attrExpires:    epoch(run.Expires()),
		attrRecord:     text(string(record)),
	}
	// The key of an index may be absent but not empty.
	if run.ResearchRunID != "" {
		item[attrRunID] = text(run.ResearchRunID)
	}
	if run.RowID != "" {
		item[attrRowID] = text(run.RowID)
	}
	return item, nil
}

// endOfTime is the last moment that sortable can tell.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)

func sortable(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func rowKey(rowID string) string { return "row#" + rowID }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func epoch(t time.Time) types.AttributeValue { return number(t.Unix()) }

// str is the value of a string attribute, "" when there is none.
func str(item attributes, name string) string {
	s, _ := item[name].(*types.AttributeValueMemberS)
	return cmp.Or(s, &types.AttributeValueMemberS{}).Value
}
