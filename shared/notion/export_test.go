package notion

// Wire is exported to a benchmark, which encodes what the client sends.
var Wire = wire
