package block

// Size is exported to a test, which compares it with the JSON.
var Size = (*Block).size
