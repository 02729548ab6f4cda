package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"notionrelay/local/notionsim"
	"notionrelay/shared/config"
	"notionrelay/shared/notion"
	"notionrelay/test/golden"
	"notionrelay/test/planted"
)

func TestTheHelpNamesFlagsAndEnvironment(t *testing.T) {
	t.Parallel()
	var help, errs bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &help, &errs); err != nil || errs.Len() > 0 {
		t.Errorf("it is an error: %v %s", err, &errs)
	}
	golden.Compare(t, "testdata/help.golden", help.String())
}

func TestUnknownArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-data", ""}, {"dead-letters"}, {"-data", t.TempDir(), "more"}, {"-nonsense"}} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out, &out); err == nil || out.Len() > 0 {
			t.Errorf("%q: error %v, and it prints %q", args, err, &out)
		}
	}
}

// Whoever starts it a second time is told what to do.
func TestAnAddressOrAFolderThatIsInUse(t *testing.T) {
	t.Parallel()
	s, err := open(t.Context(), quick, place{addr: "127.0.0.1:0", data: t.TempDir()}, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	_, err = open(t.Context(), quick, place{addr: s.listener.Addr().String(), data: t.TempDir()}, planted.Log(t))
	if err == nil || !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("a busy address: %v", err)
	}
	data := t.TempDir()
	other, err := open(t.Context(), quick, place{addr: "127.0.0.1:0", data: data}, planted.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	_, err = open(t.Context(), quick, place{addr: "127.0.0.1:0", data: data}, planted.Log(t))
	if err == nil || !strings.Contains(err.Error(), "another process") || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("a folder in use: %v", err)
	}
}

// A data folder goes on with the Notion that it was begun with, and no other: its
// records name pages there.
func TestADataFolderBelongsToItsNotion(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	begin := func(change func(*settings)) error {
		env := quick
		change(&env)
		s, err := open(t.Context(), env, place{addr: "127.0.0.1:0", data: data}, planted.Log(t))
		if err == nil {
			err = s.close()
		}
		return err
	}
	other := func(id string) func(*settings) {
		return func(s *settings) {
			s.Publisher.NotionAPIKey, s.Publisher.NotionDatabaseID, s.Publisher.NotionBaseURL = config.Secret("k"), id, "http://127.0.0.1:1"
		}
	}
	if err := begin(func(*settings) {}); err != nil {
		t.Fatal(err)
	}
	if err := begin(other("a")); err == nil || !strings.Contains(err.Error(), "-data") || !strings.Contains(err.Error(), "simulated Notion") {
		t.Errorf("the simulator's folder was taken for another Notion: %v", err)
	}
	if err := begin(func(*settings) {}); err != nil {
		t.Errorf("its own Notion was refused: %v", err)
	}
}

// What is wrong with a Notion is said in one line each, with what to do.
func TestTheStartSaysWhatIsWrongWithNotion(t *testing.T) {
	t.Parallel()
	sim, err := notionsim.Open(notionsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	server := httptest.NewServer(sim)
	defer server.Close()
	setup := notion.Setup{DatabaseID: sim.DatabaseID(), CoverURL: "banner.png", Columns: []notion.Column{{Type: "title"}, {Name: "Report Type", Type: "rich_text"}}}
	look := func() (bool, string) {
		client, err := notion.New(notion.Options{Token: "t", Log: planted.Log(t), BaseURL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		return lookAtNotion(t.Context(), client, setup, planted.Heard(t, slog.NewTextHandler(&log, nil))), log.String()
	}
	sim.People().RenameColumn(sim.DatabaseID(), "Report Type", "Kind")
	if well, said := look(); well || !strings.Contains(said, "column_missing") || !strings.Contains(said, "Report Type") || !strings.Contains(said, "HOMEPAGE_COVER_URL") || !strings.Contains(said, "remedy=") {
		t.Errorf("it says %s", said)
	}
	sim.People().RenameColumn(sim.DatabaseID(), "Kind", "Report Type")
	setup.CoverURL = ""
	if well, said := look(); !well || strings.Contains(said, "ERROR") {
		t.Errorf("a Notion that is well: %s", said)
	}
}

// A pause without its unit, or a budget that lets nothing through, would be
// noticed only when the first report does not come.
func TestTheStartRefusesSettingsThatCannotWork(t *testing.T) {
	for variable, value := range map[string]string{"NOTION_MIN_GAP": "100", "NOTION_BUDGET": "-1"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-data", t.TempDir()}, planted.Output(t), planted.Output(t))
			if err == nil || !strings.Contains(err.Error(), variable+" must be ") || !strings.Contains(err.Error(), "such as 1") {
				t.Errorf("error %v, want one that names the variable and what it should look like", err)
			}
		})
	}
}
