// Sampler tries all that package plugsh has: a function for each part of it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sampler/plugsh"
)

func main() {}

// count_vowels counts the vowels of its input; `total` adds up in a variable.
//
//go:wasmexport count_vowels
func countVowels() int32 {
	return plugsh.Run(func(text []byte) ([]byte, error) {
		count, total := 0, 0
		for _, r := range string(text) {
			if strings.ContainsRune("aeiouAEIOU", r) {
				count++
			}
		}
		if before := plugsh.Var("total"); before != nil {
			var err error
			if total, err = strconv.Atoi(string(before)); err != nil {
				return nil, err
			}
		}
		total += count
		plugsh.SetVar("total", []byte(strconv.Itoa(total)))
		return fmt.Appendf(nil, `{"count":%d,"total":%d,"vowels":"aeiouAEIOU"}`, count, total), nil
	})
}

// forget removes the variable.
//
//go:wasmexport forget
func forget() int32 {
	return plugsh.Run(func([]byte) ([]byte, error) {
		plugsh.RemoveVar("total")
		return nil, nil
	})
}

// shout gives its input in upper case, by the plugin `text`, which it starts and ends.
//
//go:wasmexport shout
func shout() int32 {
	return plugsh.Run(func(text []byte) ([]byte, error) {
		upper := plugsh.Register("text")
		defer upper.Free()
		return append(upper.Call("upper", text), '!'), nil
	})
}

// guarded takes PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure.
//
//go:wasmexport guarded
func guarded() int32 {
	return plugsh.Run(func(line []byte) ([]byte, error) {
		words := strings.SplitN(string(line), " ", 3)
		if len(words) < 3 {
			return nil, errors.New("expected PLUGIN FUNCTION INPUT")
		}
		process := plugsh.Register(words[0])
		defer process.Free()
		output, err := process.TryCall(words[1], []byte(words[2]))
		if err != nil {
			return []byte("failed: " + err.Error()), nil
		}
		return append([]byte("ok: "), output...), nil
	})
}

// side_by_side gives the vowels of its input's words, each counted by a child of its own, side by side; and how a call that
// fails beside them has ended.
//
//go:wasmexport side_by_side
func sideBySide() int32 {
	return plugsh.Run(func(text []byte) ([]byte, error) {
		failing := plugsh.Register("misbehave")
		defer failing.Free()
		failure := failing.Start("error", []byte("bang"))
		var counts []plugsh.Pending
		for _, word := range bytes.Fields(text) {
			counter := plugsh.Register("count_vowels")
			defer counter.Free()
			counts = append(counts, counter.Start("count_vowels", word))
		}
		type report struct {
			Count int `json:"count"`
		}
		sum := 0
		for _, pending := range counts {
			counted, err := plugsh.JoinJSON[report](pending)
			if err != nil {
				return nil, err
			}
			sum += counted.Count
		}
		for !failure.HasEnded() {
		}
		output, err := failure.TryJoin()
		if err != nil {
			return fmt.Appendf(nil, "%d vowels; failed: %v", sum, err), nil
		}
		return fmt.Appendf(nil, "%d vowels; ok: %s", sum, output), nil
	})
}

// nodes gives the nodes of a binary tree of the depth, as the plugin `tree` counts them: a typed call.
//
//go:wasmexport nodes
func nodes() int32 {
	return plugsh.Run(func(text []byte) ([]byte, error) {
		depth, err := strconv.Atoi(string(text))
		if err != nil {
			return nil, err
		}
		tree := plugsh.Register("tree")
		defer tree.Free()
		type size struct {
			Depth  int `json:"depth"`
			Fanout int `json:"fanout"`
			Work   int `json:"work"`
		}
		type counts struct {
			Nodes int `json:"nodes"`
		}
		reply, err := plugsh.CallJSON[counts](tree, "run", size{Depth: depth, Fanout: 2})
		return fmt.Append(nil, reply.Nodes), err
	})
}

// family gives its own id, its parent's, and that of the process that the input names.
//
//go:wasmexport family
func family() int32 {
	return plugsh.Run(func(name []byte) ([]byte, error) {
		return json.Marshal(struct {
			ID     plugsh.Process `json:"id"`
			Parent plugsh.Process `json:"parent"`
			Found  plugsh.Process `json:"found"`
		}{plugsh.Current(), plugsh.Parent(), plugsh.Find(string(name))})
	})
}

// greet greets whom the configuration names, and logs that at every level.
//
//go:wasmexport greet
func greet() int32 {
	return plugsh.Run(func([]byte) ([]byte, error) {
		who, known := plugsh.Config("who")
		if !known {
			who = "nobody"
		}
		for level := plugsh.LevelTrace; level <= plugsh.LevelError; level++ {
			plugsh.Log(level, "greets %s", who)
		}
		return []byte("hello " + who), nil
	})
}

// fetch posts `ping` to the URL; status, header `x-answer` and body of the answer.
//
//go:wasmexport fetch
func fetch() int32 {
	return plugsh.Run(func(url []byte) ([]byte, error) {
		response, err := plugsh.Request{
			URL:     string(url),
			Method:  "POST",
			Headers: map[string]string{"x-from": `a "sampler"`},
			Body:    []byte("ping"),
		}.Send()
		return fmt.Appendf(nil, "%d %s %s", response.Status, response.Headers["x-answer"], response.Body), err
	})
}

// echo gives its input.
//
//go:wasmexport echo
func echo() int32 {
	return plugsh.Run(func(input []byte) ([]byte, error) { return input, nil })
}

// fail fails with its input as the message.
//
//go:wasmexport fail
func fail() int32 {
	return plugsh.Run(func(message []byte) ([]byte, error) { return nil, errors.New(string(message)) })
}

// crash panics, which traps.
//
//go:wasmexport crash
func crash() int32 {
	return plugsh.Run(func(currency []byte) ([]byte, error) { panic(fmt.Sprintf("no rate for `%s`", currency)) })
}

// bounds reads behind its input: a check of the compiler's.
//
//go:wasmexport bounds
func bounds() int32 {
	return plugsh.Run(func(input []byte) ([]byte, error) { return input[len(input)+1:], nil })
}
