package modules_test

import (
	"regexp"
	"strings"
	"unicode"
)

// literal is text that a template would show as it stands.
type literal struct {
	line int
	text string
}

// spoken are the attributes that somebody sees or hears.
var spoken = regexp.MustCompile(`\s((?:alt|title|placeholder|aria-label|aria-description|label)="[^"]*\pL[^"]*")`)

// statement begins a line of Go inside a template.
var statement = regexp.MustCompile(`^(?:if|for|switch|case|default:|else|\} else)\b|^(?:case .*|default):$`)

// scanner walks one template file.
type scanner struct {
	src string
	pos int
	out []literal
}

// literals finds the text nodes and spoken attributes of a templ file that hold
// letters. It knows just enough of the language: expressions in braces, statements
// that begin a line, calls with @, tags, comments.
func literals(src string) []literal {
	s := &scanner{src: src}
	for _, at := range regexp.MustCompile(`(?m)^templ [^\n]*\{\n`).FindAllStringIndex(src, -1) {
		s.pos = at[1]
		s.body()
	}
	return s.out
}

func (s *scanner) rest() string { return s.src[s.pos:] }

func (s *scanner) line() int { return strings.Count(s.src[:s.pos], "\n") + 1 }

// lineRest is what is left of the current line.
func (s *scanner) lineRest() string {
	line, _, _ := strings.Cut(s.rest(), "\n")
	return line
}

// body reads a template until the brace in the first column that ends it.
func (s *scanner) body() {
	text := ""
	end := func() {
		if strings.ContainsFunc(text, unicode.IsLetter) {
			s.out = append(s.out, literal{s.line(), strings.Join(strings.Fields(text), " ")})
		}
		text = ""
	}
	for s.pos < len(s.src) {
		first := strings.TrimSpace(s.src[strings.LastIndexByte(s.src[:s.pos], '\n')+1:s.pos]) == ""
		rest := s.rest()
		switch {
		case first && s.src[s.pos-1] == '\n' && strings.HasPrefix(rest, "}\n"):
			end()
			return
		case first && (strings.HasPrefix(rest, "//") || statement.MatchString(s.lineRest())):
			end()
			s.pos += len(s.lineRest())
		case strings.HasPrefix(rest, "<!--"):
			end()
			s.skip("-->")
		case rest[0] == '<' && len(rest) > 1 && (unicode.IsLetter(rune(rest[1])) || rest[1] == '/' || rest[1] == '!'):
			end()
			s.tag()
		case rest[0] == '@' && len(rest) > 1 && unicode.IsLetter(rune(rest[1])):
			end()
			s.call()
		case rest[0] == '{':
			end()
			s.braces()
		case rest[0] == '}':
			end()
			s.pos++
		default:
			text += rest[:1]
			s.pos++
		}
	}
	end()
}

// skip passes what ends with a sign.
func (s *scanner) skip(until string) {
	if i := strings.Index(s.rest(), until); i >= 0 {
		s.pos += i + len(until)
		return
	}
	s.pos = len(s.src)
}

// braces passes a Go expression, with its strings.
func (s *scanner) braces() {
	depth := 0
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case '"', '`', '\'':
			s.quoted(c)
			continue
		case '{':
			depth++
		case '}':
			depth--
		}
		s.pos++
		if depth == 0 {
			return
		}
	}
}

// quoted passes a Go string.
func (s *scanner) quoted(q byte) {
	for s.pos++; s.pos < len(s.src); s.pos++ {
		if s.src[s.pos] == '\\' && q != '`' {
			s.pos++
		} else if s.src[s.pos] == q {
			s.pos++
			return
		}
	}
}

// call passes @component(arguments) and the brace that opens its children.
func (s *scanner) call() {
	depth := 0
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '"' || c == '`':
			s.quoted(c)
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '\n' && depth == 0, c == '<' && depth == 0:
			return
		case c == '{' && depth == 0:
			s.pos++
			return
		}
		s.pos++
	}
}

// tag passes a tag and keeps its spoken attributes.
func (s *scanner) tag() {
	start, line := s.pos, s.line()
	plain := ""
	for s.pos++; s.pos < len(s.src); {
		switch c := s.src[s.pos]; c {
		case '"':
			from := s.pos
			s.quoted(c)
			plain += s.src[from:s.pos]
		case '{':
			if strings.HasPrefix(strings.TrimSpace(lastLine(s.src[start:s.pos])), "if ") || strings.Contains(lastLine(s.src[start:s.pos]), " if ") {
				s.pos++ // a condition around attributes: they are read like the others
				continue
			}
			s.braces()
		case '>':
			s.pos++
			for _, m := range spoken.FindAllStringSubmatch(plain, -1) {
				s.out = append(s.out, literal{line, m[1]})
			}
			return
		default:
			plain += string(c)
			s.pos++
		}
	}
}

func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }
