package markdown

import "strings"

const plainText = "plain text"

// language is Notion's name for the language of a fenced code block, which is
// one of a closed list; Notion refuses a request with any other.
func language(name []byte) string {
	if len(name) == 0 {
		return plainText
	}
	lower := strings.ToLower(string(name))
	lower = strings.Trim(lower, "{}.")
	if notion, ok := languageAliases[lower]; ok {
		return notion
	}
	if notionLanguages[lower] {
		return lower
	}
	return plainText
}

// notionLanguages is the enumeration languageRequest in Notion's OpenAPI
// description.
var notionLanguages = set(
	"abap", "abc", "agda", "arduino", "ascii art", "assembly", "bash", "basic", "bnf", "c", "c#", "c++",
	"clojure", "coffeescript", "coq", "css", "dart", "dhall", "diff", "docker", "ebnf", "elixir", "elm",
	"erlang", "f#", "flow", "fortran", "gherkin", "glsl", "go", "graphql", "groovy", "haskell", "hcl", "html",
	"idris", "java", "javascript", "json", "julia", "kotlin", "latex", "less", "lisp", "livescript", "llvm ir",
	"lua", "makefile", "markdown", "markup", "matlab", "mathematica", "mermaid", "nix", "notion formula",
	"objective-c", "ocaml", "pascal", "perl", "php", "plain text", "powershell", "prolog", "protobuf",
	"purescript", "python", "r", "racket", "reason", "ruby", "rust", "sass", "scala", "scheme", "scss", "shell",
	"smalltalk", "solidity", "sql", "swift", "toml", "typescript", "vb.net", "verilog", "vhdl", "visual basic",
	"webassembly", "xml", "yaml", "java/c/c++/c#",
)

// languageAliases are the names and file extensions by which people call those
// languages.
var languageAliases = map[string]string{
	"asm": "assembly", "bat": "powershell", "console": "shell", "cpp": "c++", "cxx": "c++", "cc": "c++",
	"h": "c", "hpp": "c++", "cs": "c#", "csharp": "c#", "clj": "clojure", "coffee": "coffeescript",
	"dockerfile": "docker", "ex": "elixir", "exs": "elixir", "erl": "erlang", "fs": "f#", "fsharp": "f#",
	"golang": "go", "gql": "graphql", "hs": "haskell", "htm": "html", "ini": "toml", "js": "javascript",
	"jsx": "javascript", "mjs": "javascript", "cjs": "javascript", "json5": "json", "jsonc": "json",
	"jsonl": "json", "jl": "julia", "kt": "kotlin", "kts": "kotlin", "tex": "latex", "make": "makefile",
	"math": "latex", "mk": "makefile", "md": "markdown", "mdx": "markdown", "objc": "objective-c", "objectivec": "objective-c",
	"ml": "ocaml", "pl": "perl", "text": plainText, "txt": plainText, "plain": plainText,
	"plaintext": plainText, "ps": "powershell", "ps1": "powershell", "pwsh": "powershell", "proto": "protobuf",
	"py": "python", "python3": "python", "py3": "python", "rb": "ruby", "rs": "rust", "sh": "bash",
	"shellscript": "shell", "zsh": "shell", "fish": "shell", "sol": "solidity", "mysql": "sql",
	"postgres": "sql", "postgresql": "sql", "plpgsql": "sql", "sqlite": "sql", "tf": "hcl", "terraform": "hcl",
	"ts": "typescript", "tsx": "typescript", "vb": "visual basic", "wasm": "webassembly", "wat": "webassembly",
	"svg": "xml", "yml": "yaml",
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}
