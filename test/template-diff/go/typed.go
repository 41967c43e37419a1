package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// A field is typed when all it prints is one value that `int`, `float` or `bool` returned (decisions.md, section 2). To see that, the
// template is run again with results of these functions that have the same kind, so that the language treats them alike, and that print
// with a mark. Every function gets its arguments without the mark, except those that pass a value on as it is.
type (
	markedInt   int
	markedFloat float64
	markedBool  bool
)

const mark = "\x00"

func (value markedInt) String() string   { return mark + "i" + strconv.Itoa(int(value)) + mark }
func (value markedFloat) String() string { return mark + "f" + fmt.Sprint(float64(value)) + mark }
func (value markedBool) String() string  { return mark + "b" + strconv.FormatBool(bool(value)) + mark }

var markedFunctions = marked()

func marked() template.FuncMap {
	all := template.FuncMap{
		"print":    unmarked(reflect.ValueOf(fmt.Sprint), false),
		"println":  unmarked(reflect.ValueOf(fmt.Sprintln), false),
		"printf":   unmarked(reflect.ValueOf(fmt.Sprintf), false),
		"html":     unmarked(reflect.ValueOf(template.HTMLEscaper), false),
		"js":       unmarked(reflect.ValueOf(template.JSEscaper), false),
		"urlquery": unmarked(reflect.ValueOf(template.URLQueryEscaper), false),
		"unmark":   func(value any) any { return bare(value) },
	}
	for name, function := range plainFunctions {
		passesOn := name == "default" || name == "coalesce" || name == "ternary"
		all[name] = unmarked(reflect.ValueOf(function), passesOn)
	}
	all["int"] = func(value any) any { return marking(value, markedInt(toInt(bare(value)))) }
	all["float"] = func(value any) any { return marking(value, markedFloat(toFloat(bare(value)))) }
	all["bool"] = func(value any) any { return marking(value, markedBool(toBool(bare(value)))) }
	return all
}

// What the peer makes of its own markers: a typed value that is converted again is text, unless it is zero.
func marking(argument any, result any) any {
	if bare(argument) != argument && !reflect.ValueOf(result).IsZero() {
		return bare(result)
	}
	return result
}

func bare(value any) any {
	switch typed := value.(type) {
	case markedInt:
		return int(typed)
	case markedFloat:
		return float64(typed)
	case markedBool:
		return bool(typed)
	}
	return value
}

// The function with its arguments as it wants them; the plain run has shown that they fit.
func unmarked(function reflect.Value, passesOn bool) func(...any) (any, error) {
	signature := function.Type()
	return func(given ...any) (any, error) {
		arguments := make([]reflect.Value, len(given))
		for index, value := range given {
			argument, err := fit(value, parameter(signature, index), passesOn)
			if err != nil {
				return nil, err
			}
			arguments[index] = argument
		}
		results := function.Call(arguments)
		if len(results) == 2 && !results[1].IsNil() {
			return nil, results[1].Interface().(error)
		}
		return results[0].Interface(), nil
	}
}

func parameter(signature reflect.Type, index int) reflect.Type {
	if signature.IsVariadic() && index >= signature.NumIn()-1 {
		return signature.In(signature.NumIn() - 1).Elem()
	}
	return signature.In(index)
}

func fit(value any, wanted reflect.Type, passesOn bool) (reflect.Value, error) {
	if !passesOn || wanted.Kind() != reflect.Interface {
		value = bare(value)
	}
	if value == nil {
		return reflect.Zero(wanted), nil
	}
	argument := reflect.ValueOf(value)
	if argument.Type().AssignableTo(wanted) {
		return argument, nil
	}
	if wanted.Kind() != reflect.String && argument.Type().ConvertibleTo(wanted) {
		return argument.Convert(wanted), nil
	}
	return argument, errors.New("the argument does not fit")
}

// The typed value, nil for a text; false when it cannot be told.
func typedValue(source string, raw []byte) (json.RawMessage, bool) {
	if !strings.Contains(source, "int") && !strings.Contains(source, "float") && !strings.Contains(source, "bool") {
		return nil, true
	}
	parsed, err := parseMarked(source)
	if err != nil {
		return nil, false
	}
	text, err := execute(parsed, raw)
	if err != nil {
		return nil, false
	}
	inner, isMarked := strings.CutPrefix(text, mark)
	inner, ends := strings.CutSuffix(inner, mark)
	if !isMarked || !ends || strings.Contains(inner, mark) {
		return nil, true
	}
	value := []byte(inner[1:])
	return value, json.Valid(value)
}

func parseMarked(source string) (*template.Template, error) {
	parsed, err := compile(source, markedFunctions)
	if err != nil {
		return nil, err
	}
	for _, each := range parsed.Templates() {
		unmarkRanges(each.Tree, each.Root)
	}
	return parsed, nil
}

// Elements of a range are no results of `int`, though Go gives them the type of the number below which it counts.
func unmarkRanges(tree *parse.Tree, node parse.Node) {
	switch typed := node.(type) {
	case *parse.ListNode:
		if typed != nil {
			for _, child := range typed.Nodes {
				unmarkRanges(tree, child)
			}
		}
	case *parse.IfNode:
		unmarkRanges(tree, typed.List)
		unmarkRanges(tree, typed.ElseList)
	case *parse.WithNode:
		unmarkRanges(tree, typed.List)
		unmarkRanges(tree, typed.ElseList)
	case *parse.RangeNode:
		identifier := parse.NewIdentifier("unmark").SetTree(tree).SetPos(typed.Pos)
		command := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: typed.Pos, Args: []parse.Node{identifier}}
		typed.Pipe.Cmds = append(typed.Pipe.Cmds, command)
		unmarkRanges(tree, typed.List)
		unmarkRanges(tree, typed.ElseList)
	}
}
