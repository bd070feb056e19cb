package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// scriptTime is what Argo CD grants a script.
const scriptTime = time.Second

var healths = []string{"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}

// health runs a health script as Argo CD's util/lua does: the libraries package, base and table, with all the others
// only if useOpenLibs is set (as for bundled scripts); the object as the global obj; a table with status and message
// as the answer. Argo CD adds os.time and os.date, which no script of ours may need: the health of an object must not
// change because time passes.
func health(object *unstructured.Unstructured, script string, useOpenLibs bool) (word, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: !useOpenLibs})
	defer state.Close()
	if err := openLibraries(state); err != nil {
		return word{}, err
	}
	limited, cancel := context.WithTimeout(context.Background(), scriptTime)
	defer cancel()
	state.SetContext(limited)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return word{}, err
	}
	return answer(state.Get(-1))
}

func openLibraries(state *lua.LState) error {
	libraries := []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return err
		}
	}
	return nil
}

func answer(value lua.LValue) (word, error) {
	if value.Type() != lua.LTTable {
		return word{}, fmt.Errorf("the script answers with %s, not with a table", value.Type())
	}
	encoded, err := luajson.Encode(value)
	if err != nil {
		return word{}, err
	}
	var said word
	if err := json.Unmarshal(encoded, &said); err != nil {
		return word{}, err
	}
	if !slices.Contains(healths, said.Status) {
		return said, fmt.Errorf("%q is no health", said.Status)
	}
	return said, nil
}

// toLua turns what JSON can say into Lua. Numbers of an object are int64 or float64.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, item := range value {
			table.RawSetString(name, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
