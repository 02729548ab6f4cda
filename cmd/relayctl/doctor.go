package main

import (
	"maps"
	"os"
	"strings"

	"notionrelay/operate"
	"notionrelay/operate/doctor"
	"notionrelay/operate/folder"
	"notionrelay/operate/stack"
	"notionrelay/shared/config"
	"notionrelay/shared/httpclient"
	"notionrelay/shared/parameters"
)

type doctorCommand struct{}

func (c *doctorCommand) Help() string {
	return `It changes nothing. A line of each thing: ✓ it is well, – it is not there and need not be, ✗ it is wrong, with what to do. Exit code 3 when anything is wrong.

Of a stack the settings are those of its functions; else they are those of the environment.

Examples:

  relayctl doctor
  relayctl --stack notion-relay doctor --json`
}

// patient is what doctor looks at.
type patient struct {
	system    *operate.System
	variables doctor.Variables
	store     config.ParameterStore
	mapping   doctor.Mapping
	bound     string // what a data folder belongs to
}

func (c *doctorCommand) Run(s *session) error {
	var found []doctor.Finding
	p, err := s.patient()
	if err != nil {
		found = []doctor.Finding{{Thing: "relay", State: doctor.Wrong, Says: err.Error(), Remedy: "Say which one is meant with --stack or --data, and sign in to its account and region."}}
	} else {
		transport := httpclient.Transport()
		defer transport.CloseIdleConnections()
		subject, settings := doctor.Configure(s, p.variables, p.store, transport)
		subject.System, subject.Mapping = p.system, p.mapping
		subject.Bound, subject.Named = p.bound, folder.NotionOf(subject.Settings.Publisher, p.variables.Simulated)
		found = append(settings, doctor.Examine(s, subject)...)
	}
	if err := s.printFindings(found); err != nil {
		return err
	}
	if doctor.Ill(found) {
		return errTrouble
	}
	return nil
}

func (s *session) patient() (p patient, err error) {
	p.variables.Values = map[string]string{}
	if s.target.Stack != "" {
		return p, s.deployed(&p)
	}
	if p.system, err = s.open(); err != nil {
		return p, err
	}
	for _, set := range os.Environ() {
		name, value, _ := strings.Cut(set, "=")
		p.variables.Values[name] = value
	}
	p.store = parameters.OnDemand{}
	if !s.inEnvironment() {
		if p.bound, err = folder.Bound(s, s.folder()); err != nil {
			return p, err
		}
	}
	p.variables.Simulated = !s.inEnvironment() && p.variables.Values["NOTION_API_KEY"] == "" && p.variables.Values["NOTION_BASE_URL"] == ""
	return p, nil
}

// deployed looks at a stack.
func (s *session) deployed(p *patient) error {
	services, err := stack.Connect(s)
	if err != nil {
		return err
	}
	found, err := services.Stack(s, s.target.Stack)
	if err != nil {
		return err
	}
	for _, function := range []string{stack.Webhook, stack.Publisher, stack.Enricher} {
		variables, err := found.Variables(s, function)
		if err != nil {
			return err
		}
		maps.Copy(p.variables.Values, variables)
	}
	p.system, p.mapping, p.store, p.variables.Deployed = found.System(s.log), found.Mapping(), services.Parameters(), true
	return nil
}

func (s *session) printFindings(found []doctor.Finding) error {
	if s.json {
		return s.printJSON(found)
	}
	marks := map[doctor.State]string{doctor.Well: "✓", doctor.Absent: "–", doctor.Wrong: "✗"}
	rows := [][]string{}
	for _, f := range found {
		rows = append(rows, []string{marks[f.State] + " " + f.Thing, strings.TrimSpace(f.Says + " " + f.Remedy)})
	}
	return s.table(rows)
}
