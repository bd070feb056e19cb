package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	yamls "sigs.k8s.io/yaml"
)

// document is one document of a file, as JSON.
type document struct {
	file string
	json []byte
	head metav1.PartialObjectMetadata
}

func (d document) title() string {
	return fmt.Sprintf("%s %s %s", d.file, d.head.Kind, d.head.Name)
}

func (d document) object() (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(d.json); err != nil {
		return nil, fmt.Errorf("%s: %w", d.title(), err)
	}
	return object, nil
}

// readAll reads files, or in if there are none.
func readAll(files []string, in io.Reader) ([]document, error) {
	if len(files) == 0 {
		return read("-", in)
	}
	var all []document
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := read(file, bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// read takes a stream apart; lists of any kind into their items.
func read(file string, in io.Reader) ([]document, error) {
	content, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var all []document
	// The reader loses a last line of some lengths that does not end.
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(append(content, '\n'))))
	for number := 1; ; number++ {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		some, err := parse(file, text)
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", file, number, err)
		}
		all = append(all, some...)
	}
}

func parse(file string, text []byte) ([]document, error) {
	// Strict: a key written twice is a fault, not the last of both.
	converted, err := yamls.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	if string(converted) == "null" {
		return nil, nil
	}
	var list struct {
		Kind  string
		Items []any
	}
	if err := yamls.Unmarshal(converted, &list); err != nil {
		return nil, err
	}
	if list.Items == nil {
		one, err := one(file, converted)
		return []document{one}, err
	}
	var all []document
	for _, item := range list.Items {
		text, err := yamls.Marshal(item)
		if err != nil {
			return nil, err
		}
		some, err := parse(file, text)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func one(file string, converted []byte) (document, error) {
	made := document{file: file, json: converted}
	if err := yamls.Unmarshal(converted, &made.head); err != nil {
		return made, err
	}
	if made.head.Kind == "" || made.head.APIVersion == "" {
		return made, errors.New("apiVersion or kind is missing")
	}
	return made, nil
}
