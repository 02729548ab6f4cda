// Package notionsim is a simulator of the Notion API, version 2022-06-28, that
// is as strict as Notion: whatever Notion refuses, it refuses, with the same
// status, code and style of message. It serves tests in process, through
// [Sim.Transport], and a whole system on one machine through [Sim.ServeHTTP];
// package notionview shows the pages.
//
// Beside the rules for single requests it has what makes Notion hard to write
// to: the request budget, conflicts between overlapping writes, slow answers
// and indexes ([Options]); answers that fail, are lost or come from somebody
// else, and effects that come late ([Sim.Inject]); and people who edit
// ([Sim.People]).
//
// What it has are the endpoints, the kinds of block and of property, and the
// filters that this project uses or may come to use; it refuses all others.
package notionsim
