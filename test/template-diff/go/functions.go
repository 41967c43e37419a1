package main

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// What templates can call: sprig's text functions without those that reach out, and the peer's own.
var plainFunctions = functions()

func functions() template.FuncMap {
	all := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	all["toHost"] = toHost
	all["trunc63"] = trunc63
	all["fromJson"] = fromJSON
	all["int"] = func(value any) any { return toInt(value) }
	all["float"] = func(value any) any { return toFloat(value) }
	all["bool"] = func(value any) any { return toBool(value) }
	return all
}

func toHost(text string) string {
	if parsed, err := url.Parse(text); err == nil && parsed.Host != "" {
		return parsed.Hostname()
	}
	if colon := strings.Index(text, ":"); colon >= 0 {
		return text[:colon]
	}
	return text
}

func trunc63(text string) string {
	if len(text) > 63 {
		return text[:63]
	}
	return text
}

func fromJSON(text string) any {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return map[string]any{}
	}
	return value
}

// Whole numbers of any type.
func integer(value any) (int64, bool) {
	number := reflect.ValueOf(value)
	switch {
	case value == nil:
		return 0, false
	case number.CanInt():
		return number.Int(), true
	case number.CanUint():
		return int64(number.Uint()), true
	}
	return 0, false
}

func toInt(value any) int {
	switch typed := value.(type) {
	case float64:
		return int(typed)
	case bool:
		if typed {
			return 1
		}
	case string:
		if whole, err := strconv.Atoi(typed); err == nil {
			return whole
		}
		if float, err := strconv.ParseFloat(typed, 64); err == nil {
			return int(float)
		}
	}
	whole, _ := integer(value)
	return int(whole)
}

func toFloat(value any) float64 {
	switch typed := value.(type) {
	case float64:
		return typed
	case bool:
		if typed {
			return 1
		}
	case string:
		if float, err := strconv.ParseFloat(typed, 64); err == nil {
			return float
		}
	}
	whole, _ := integer(value)
	return float64(whole)
}

func toBool(value any) bool {
	switch typed := value.(type) {
	case bool:
		return typed
	case float64:
		return typed != 0
	case string:
		switch strings.ToLower(typed) {
		case "true", "1", "yes", "on", "t", "y":
			return true
		}
		return false
	}
	whole, _ := integer(value)
	return whole != 0
}
