package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"notionrelay/shared/notion"
)

// aspects are what there is to say of a workspace, with the codes of the problems
// that each can have. What stands behind one that is wrong may not be known.
var aspects = []struct {
	thing string
	codes []string
	well  string
}{
	{"token", []string{notion.TokenRefused, notion.AccessBlocked}, ""},
	{"capabilities", []string{notion.CannotRead, notion.CannotInsert, notion.CannotUpdate}, "The integration may read content. Whether it may insert and update only a report shows."},
	{"database", []string{notion.DatabaseNotFound, notion.DatabaseInTrash}, "It is there and shared with the integration."},
	{"sources", []string{notion.SeveralDataSources}, "The database has one data source."},
	{"columns", []string{notion.ColumnMissing, notion.ColumnType}, "The database has those that rows are written with."},
	{"cover", []string{notion.CoverURL}, ""},
}

// belonging is whether the data are those of the Notion that the settings name.
func belonging(_ context.Context, c Case) []Finding {
	switch c.Bound {
	case "":
		return nil
	case c.Named:
		return []Finding{well("data folder", "It belongs to "+c.Bound+".")}
	}
	return []Finding{wrong("data folder", fmt.Sprintf("It belongs to %s, and the environment here names %s.", c.Bound, c.Named),
		"Set NOTION_API_KEY, NOTION_DATABASE_ID and NOTION_BASE_URL as where it runs; for another Notion begin another data folder.")}
}

// workspace is everything that reports need of Notion.
func workspace(ctx context.Context, c Case) []Finding {
	switch {
	case c.Simulated && c.Bound != "" && c.Bound != c.Named:
		return []Finding{absent("Notion", later)}
	case c.Simulated:
		return []Finding{absent("Notion", "A simulator stands in its place: set NOTION_API_KEY and NOTION_DATABASE_ID for the real one.")}
	case c.Notion == nil && c.Unread["NOTION_API_KEY"]:
		return []Finding{absent("Notion", later)}
	case c.Notion == nil:
		return []Finding{wrong("token", "NOTION_API_KEY is not set.", "Copy the integration's secret from notion.so/profile/integrations into it.")}
	}
	problems, err := c.Notion.Inspect(ctx, c.Setup)
	if err != nil {
		outcome := err.Error()
		if e, ok := errors.AsType[*notion.Error](err); ok {
			outcome = e.Outcome()
		}
		return []Finding{wrong("Notion", "It cannot be asked: "+outcome+".", "Check the network and NOTION_BASE_URL. status.notion.so tells of outages; nothing is lost meanwhile.")}
	}
	return said(ctx, c, problems)
}

// said makes a line of each aspect.
func said(ctx context.Context, c Case, problems []*notion.Problem) (found []Finding) {
	unknown := false // the rest
	for _, a := range aspects {
		mine := slices.DeleteFunc(slices.Clone(problems), func(p *notion.Problem) bool { return !slices.Contains(a.codes, p.Code) })
		for _, p := range mine {
			found = append(found, wrong(a.thing, p.Message, p.Remedy))
		}
		switch {
		case len(mine) > 0:
			unknown = unknown || a.thing != "columns"
		case a.thing == "cover" && c.Setup.CoverURL == "":
			found = append(found, absent(a.thing, "HOMEPAGE_COVER_URL is not set: homepages have no banner."))
		case a.thing == "cover":
			found = append(found, well(a.thing, "It is an address that Notion takes."))
		case unknown:
			found = append(found, absent(a.thing, later))
		case a.thing == "token":
			found = append(found, whose(ctx, c))
		default:
			found = append(found, well(a.thing, a.well))
		}
	}
	return found
}

// whose says whose the token is.
func whose(ctx context.Context, c Case) Finding {
	who, err := c.Notion.Whoami(ctx)
	if err != nil || who.Name == "" {
		return well("token", "Notion takes it.")
	}
	return well("token", fmt.Sprintf("It is that of the integration “%s” of the workspace “%s”.", who.Name, who.Workspace))
}
