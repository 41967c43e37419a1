// The reference of `npm run test:template-diff` and `npm run bench:templates`: what Go's text/template with sprig prints.
//
// Without an argument: the first line of standard input is {"vars": {name: variables}}, every further line {"template", "vars": name}; for
// each of them one line {"text", "value", "error", "goMessage"} is printed. With the argument `bench`: see bench.go.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"text/template"
	"time"
)

type testCase struct {
	Template string `json:"template"`
	Vars     string `json:"vars"`
}

type answer struct {
	Text      *string         `json:"text,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
	Error     string          `json:"error,omitempty"`
	GoMessage string          `json:"goMessage,omitempty"`
	// The typed value could not be found out: the marked run failed.
	Unknown bool `json:"unknown,omitempty"`
}

const (
	maxHeap    = 2 << 30
	maxStack   = 256 << 20
	maxSeconds = 10
)

// Variables as Go values: integral numbers are int, all others float64. A fresh copy for every run, as `set` changes maps.
func decode(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return convert(value), nil
}

func convert(value any) any {
	switch typed := value.(type) {
	case json.Number:
		if integer, err := strconv.ParseInt(string(typed), 10, 64); err == nil {
			return int(integer)
		}
		float, _ := typed.Float64()
		return float
	case []any:
		for index := range typed {
			typed[index] = convert(typed[index])
		}
	case map[string]any:
		for key := range typed {
			typed[key] = convert(typed[key])
		}
	}
	return value
}

func execute(parsed *template.Template, raw []byte) (text string, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	variables, err := decode(raw)
	if err != nil {
		return "", err
	}
	var builder strings.Builder
	err = parsed.Execute(&builder, variables)
	return builder.String(), err
}

func compile(source string, functions template.FuncMap) (*template.Template, error) {
	return template.New("template").Option("missingkey=error").Funcs(functions).Parse(source)
}

func render(source string, raw []byte) answer {
	parsed, err := compile(source, plainFunctions)
	if err != nil {
		return answer{Error: "parse", GoMessage: err.Error()}
	}
	text, err := execute(parsed, raw)
	if err != nil {
		return answer{Error: "exec", GoMessage: err.Error()}
	}
	value, known := typedValue(source, raw)
	return answer{Text: &text, Value: value, Unknown: !known}
}

// Ends the process when one template takes too much; the caller sees which one has no answer.
func guard(started *time.Time) {
	for range time.Tick(100 * time.Millisecond) {
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		if memory.HeapAlloc > maxHeap || time.Since(*started) > maxSeconds*time.Second {
			os.Exit(3)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

func serve() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	decoder := json.NewDecoder(input)
	var head struct {
		Vars map[string]json.RawMessage `json:"vars"`
	}
	if err := decoder.Decode(&head); err != nil {
		fail(err)
	}
	started := time.Now()
	go guard(&started)
	for decoder.More() {
		var next testCase
		if err := decoder.Decode(&next); err != nil {
			fail(err)
		}
		started = time.Now()
		if err := output.Encode(render(next.Template, head.Vars[next.Vars])); err != nil {
			fail(err)
		}
	}
}

// The zone of the machine is always UTC under the name that Go gives to it: the smallest zone file there is.
func local() *time.Location {
	header := append([]byte("TZif\x00"), make([]byte, 15+16)...)
	file := append(header, "\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00UTC\x00"...)
	location, err := time.LoadLocationFromTZData("Local", file)
	if err != nil {
		fail(err)
	}
	return location
}

func main() {
	debug.SetMaxStack(maxStack)
	time.Local = local()
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		bench()
		return
	}
	serve()
}
