package notion

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"notionrelay/shared/block"
)

// The codes of problems.
const (
	TokenRefused       = "token_refused"
	AccessBlocked      = "access_blocked"
	DatabaseNotFound   = "database_not_found"
	DatabaseInTrash    = "database_in_trash"
	SeveralDataSources = "several_data_sources"
	ColumnMissing      = "column_missing"
	ColumnType         = "column_type"
	CannotRead         = "cannot_read"
	CannotInsert       = "cannot_insert" // only a write shows it
	CannotUpdate       = "cannot_update" // only a write shows it
	BlockLimit         = "block_limit"   // only a write shows it
	CoverURL           = "cover_url"
)

// InspectionLimit is how long a request of an inspection may take. A context
// that leaves less time than that has nothing asked.
const InspectionLimit = 10 * time.Second

// Setup is what every report needs of a workspace.
type Setup struct {
	DatabaseID string
	Columns    []Column // of the reports database
	CoverURL   string   // banner of the homepages; none when empty
}

// Column is a property that rows are written with.
type Column struct {
	Name string // empty for the title, which is addressed by its id
	Type string
}

// Problem is something wrong with the set-up, in a sentence for a person and
// with its remedy. While it stands every report fails of it.
//
//nolint:errname // it is found far more often than it fails something
type Problem struct{ Code, Message, Remedy string }

func (p *Problem) Error() string { return p.Message + " " + p.Remedy }

// Inspect looks for everything that is wrong with a set-up, without writing. The
// error is that of a read, where Notion could not be asked. All being well it
// makes one request, and at most one more to name the integration.
func (c *Client) Inspect(ctx context.Context, s Setup) ([]*Problem, error) {
	ctx = context.WithValue(ctx, limitKey{}, InspectionLimit)
	found, err := c.inspectDatabase(ctx, s)
	if err != nil {
		return nil, err
	}
	if p := coverProblem(s.CoverURL); p != nil {
		found = append(found, p)
	}
	return found, nil
}

// ProblemOf is what the answer to any request says about the set-up, or nil for
// what concerns the request alone. Whether the database is there and has its
// properties, only Inspect can tell.
func ProblemOf(err error) *Problem {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return nil
	case e.Status == http.StatusUnauthorized && e.Code != "":
		return &Problem{
			TokenRefused, "Notion refuses the token.",
			"Copy the integration's secret from notion.so/profile/integrations into NOTION_API_KEY.",
		}
	case e.Code == blocked, e.Reason == blocked:
		return &Problem{
			AccessBlocked, "Notion has blocked the integration's access to its API.",
			"Waiting does not help. Ask Notion's support for the reason.",
		}
	case e.BlockLimit:
		return &Problem{
			BlockLimit, "The workspace is a free one with several members, and has used up the 1,000 blocks that such a one may ever make.",
			"Choose a paid plan, or remove the other members. To delete blocks does not help.",
		}
	case e.Status == http.StatusForbidden && e.Code == "restricted_resource":
		return lacking(e)
	}
	return nil
}

// lacking is the capability without which a request is refused.
func lacking(e *Error) *Problem {
	code, what, name := CannotUpdate, "update", "Update content"
	switch {
	case e.Method == http.MethodGet, strings.HasSuffix(e.Path, "/query"):
		code, what, name = CannotRead, "read", "Read content"
	case e.Method == http.MethodPost, strings.HasSuffix(e.Path, "/children"):
		code, what, name = CannotInsert, "insert", "Insert content"
	}
	return &Problem{
		code, "The integration may not " + what + " content.",
		fmt.Sprintf("Switch on “%s” among its capabilities at notion.so/profile/integrations.", name),
	}
}

// databaseAnswer is a database as far as rows depend on it.
type databaseAnswer struct {
	Page
	trash
	Title      []plainText    `json:"title"`
	Properties map[string]any `json:"properties"`
}

func (c *Client) inspectDatabase(ctx context.Context, s Setup) ([]*Problem, error) {
	if !isID(s.DatabaseID) {
		_, err := c.Whoami(ctx) // the token may be wrong as well
		if err != nil && ProblemOf(err) == nil {
			return nil, err
		}
		return with(ProblemOf(err), notAnID(s.DatabaseID)), nil
	}
	var d databaseAnswer
	err := c.repeat(ctx, func() error {
		d = databaseAnswer{}
		return c.do(ctx, false, &d, func(ctx context.Context) error {
			return c.getDatabase(ctx, s.DatabaseID)
		})
	})
	if err != nil {
		return c.refused(ctx, s.DatabaseID, err)
	}
	return d.problems(s), nil
}

// refused is what an answer to the question for the database says about it.
func (c *Client) refused(ctx context.Context, id string, err error) ([]*Problem, error) {
	if p := ProblemOf(err); p != nil {
		return []*Problem{p}, nil //nolint:nilerr // the error is the finding
	}
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || IsPostponed(err) || e.Code == "":
		return nil, err
	case e.Kind == severalSources:
		return []*Problem{{
			SeveralDataSources, fmt.Sprintf("The database %s has more than one data source, and rows cannot be added to such a one.", id),
			"In Notion, move the other data sources out of it, or share another database and put its id into NOTION_DATABASE_ID.",
		}}, nil
	case e.Status == http.StatusNotFound:
		return c.unknown(ctx, id)
	case e.Status == http.StatusBadRequest:
		return []*Problem{notAnID(id)}, nil // a page's id, for example
	}
	return nil, err
}

// unknown names the integration, so that a person knows which one to look for.
func (c *Client) unknown(ctx context.Context, id string) ([]*Problem, error) {
	me, err := c.Whoami(ctx)
	if err != nil && ProblemOf(err) == nil {
		return nil, err
	}
	who := "the integration"
	if me.Name != "" {
		who = fmt.Sprintf("the integration “%s” of the workspace “%s”", me.Name, me.Workspace)
	}
	return with(ProblemOf(err), &Problem{
		DatabaseNotFound, fmt.Sprintf("There is no database %s that %s can reach.", id, who),
		"In Notion, open the reports database and add the integration under ··· → Connections. If it is there, NOTION_DATABASE_ID names another database.",
	}), nil
}

func notAnID(id string) *Problem {
	return &Problem{
		DatabaseNotFound, fmt.Sprintf("NOTION_DATABASE_ID is %q, which is not the id of a database.", id),
		"Open the reports database as a full page in Notion and copy its link: the id is the 32 digits before “?v=”.",
	}
}

func (d databaseAnswer) problems(s Setup) []*Problem {
	if d.Properties == nil {
		return []*Problem{lacking(&Error{Method: http.MethodGet})} // its id alone was answered
	}
	var name strings.Builder
	for _, piece := range d.Title {
		name.WriteString(piece.Text)
	}
	database := fmt.Sprintf("The database “%s”", name.String())
	var found []*Problem
	if d.trashed() {
		found = append(found, &Problem{
			DatabaseInTrash, database + " is in the trash.",
			"Restore it in Notion, or put another database's id into NOTION_DATABASE_ID.",
		})
	}
	for _, column := range s.Columns {
		if p := d.columnProblem(database, column); p != nil {
			found = append(found, p)
		}
	}
	return found
}

// columnProblem is nil for a title, which every database has.
func (d databaseAnswer) columnProblem(database string, c Column) *Problem {
	if c.Name == "" {
		return nil
	}
	value, ok := d.Properties[c.Name]
	property, _ := value.(map[string]any)
	has, _ := property["type"].(string)
	switch kind := typeName(c.Type); {
	case !ok:
		return &Problem{
			ColumnMissing, fmt.Sprintf("%s has no property “%s”; it has “%s”.", database, c.Name, strings.Join(slices.Sorted(maps.Keys(d.Properties)), "”, “")),
			fmt.Sprintf("In Notion, add one with this name and the type %s, or give the name to the one that is meant.", kind),
		}
	case has != c.Type:
		return &Problem{
			ColumnType, fmt.Sprintf("%s has a property “%s” of the type %s, where %s is needed.", database, c.Name, typeName(has), kind),
			fmt.Sprintf("In Notion, change its type to %s.", kind),
		}
	}
	return nil
}

// typeName is a type of properties as people see it in Notion.
func typeName(kind string) string {
	switch kind {
	case "rich_text":
		return "Text"
	case "url":
		return "URL"
	case "":
		return "unknown"
	}
	words := strings.ReplaceAll(kind, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func coverProblem(address string) *Problem {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	var fault string
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		fault = "is not an absolute http or https address"
	case block.Units(address) > block.MaxURL:
		fault = "is longer than the 2,000 characters that Notion takes"
	default:
		return nil
	}
	return &Problem{
		CoverURL, fmt.Sprintf("HOMEPAGE_COVER_URL %s: %s.", fault, cut(address)),
		"Set it to the address of an image, or to nothing for pages without a banner.",
	}
}

func isID(s string) bool {
	digits, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && len(digits) == 16
}

// with is the problems without those that there are none of.
func with(problems ...*Problem) []*Problem {
	return slices.DeleteFunc(problems, func(p *Problem) bool { return p == nil })
}
