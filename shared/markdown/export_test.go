package markdown

// Parse is exported to tests, which walk the tree by another way.
var Parse = parse

// Clean is exported to tests, for the source that positions in the tree refer to.
var Clean = clean
