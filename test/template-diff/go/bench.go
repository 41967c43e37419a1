package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
	"time"
)

// Reads {"fields": [template], "vars": {}, "seconds": n} and prints how often per second all fields are rendered, each with a parsed
// template of its own, and how long it takes to parse them all.
func bench() {
	var input struct {
		Fields  []string        `json:"fields"`
		Vars    json.RawMessage `json:"vars"`
		Seconds float64         `json:"seconds"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		fail(err)
	}
	variables, err := decode(input.Vars)
	if err != nil {
		fail(err)
	}
	span := time.Duration(input.Seconds * float64(time.Second))
	parsing := rate(span/4, func() { parseAll(input.Fields) })
	parsed := parseAll(input.Fields)
	rendering := rate(span, func() {
		for _, field := range parsed {
			var builder strings.Builder
			if err := field.Execute(&builder, variables); err != nil {
				fail(err)
			}
		}
	})
	result := map[string]float64{"compileMs": 1_000 / parsing, "rendersPerSecond": rendering}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func parseAll(fields []string) []*template.Template {
	parsed := make([]*template.Template, len(fields))
	for index, field := range fields {
		one, err := compile(field, plainFunctions)
		if err != nil {
			fail(err)
		}
		parsed[index] = one
	}
	return parsed
}

// Runs per second, after a tenth of the time to warm up.
func rate(span time.Duration, run func()) float64 {
	for started := time.Now(); time.Since(started) < span/10; {
		run()
	}
	runs := 0
	started := time.Now()
	for time.Since(started) < span {
		run()
		runs++
	}
	return float64(runs) / time.Since(started).Seconds()
}
