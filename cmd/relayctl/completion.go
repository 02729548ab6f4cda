package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (c *completionCommand) Help() string {
	return `Add its output to what your shell reads when it starts, for example:

  relayctl completion bash >> ~/.bashrc
  relayctl completion zsh >> ~/.zshrc
  relayctl completion fish > ~/.config/fish/completions/relayctl.fish`
}

const bash = "complete -C " + name + " " + name + "\n"

// The shells hand over the line so far in COMP_LINE and take a word from each line
// that the command prints then (bash's complete -C, which zsh emulates).
var completionOf = map[string]string{
	"bash": bash,
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\n" + bash,
	"fish": "complete -f -c relayctl -a '(COMP_LINE=(commandline -cp) relayctl)'\n",
}

func (c *completionCommand) Run(s *session) error {
	_, err := io.WriteString(s.out, completionOf[c.Shell])
	return err
}

// complete prints the words that may stand next, when it is a shell that asks.
func complete(out io.Writer, root *kong.Node) (asked bool) {
	line, asked := os.LookupEnv("COMP_LINE")
	if !asked {
		return false
	}
	words := strings.Fields(line)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") {
		words, last = words[:len(words)-1], words[len(words)-1]
	}
	for _, candidate := range candidates(root, words[min(1, len(words)):]) {
		if strings.HasPrefix(candidate, last) {
			fmt.Fprintln(out, candidate)
		}
	}
	return true
}

// candidates are the commands and flags that may follow the words.
func candidates(node *kong.Node, words []string) (all []string) {
	flags := node.Flags
	for _, word := range words {
		for _, child := range node.Children {
			if child.Name == word {
				node = child
				flags = append(flags, child.Flags...)
			}
		}
	}
	for _, child := range node.Children {
		all = append(all, child.Name)
	}
	for _, flag := range flags {
		all = append(all, "--"+flag.Name)
	}
	return all
}
