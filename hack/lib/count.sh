# Counts what suites print: passed, failed and skipped tests of a log, in one
# line. Sourced, never run.
# shellcheck shell=bash

# count_cargo: `test result: ok. 12 passed; 0 failed; 1 ignored; …` of each binary.
count_cargo() {
  awk '/^test result: / { for (i = 1; i < NF; i++) {
         if ($(i + 1) ~ /^passed/) p += $i; if ($(i + 1) ~ /^failed/) f += $i; if ($(i + 1) ~ /^ignored/) s += $i } }
       END { print p + 0, f + 0, s + 0 }' "$1"
}

# count_go: `--- PASS: TestName` of each test, subtests apart.
count_go() { awk '/^--- PASS/ { p++ } /^--- FAIL/ { f++ } /^--- SKIP/ { s++ } END { print p + 0, f + 0, s + 0 }' "$1"; }

# count_lines: `ok NAME`, `not ok NAME`, `ok NAME # SKIP why`.
count_lines() { awk '/^ok .*# SKIP/ { s++; next } /^ok / { p++ } /^not ok / { f++ } END { print p + 0, f + 0, s + 0 }' "$1"; }

# count_summary: a last line like our own.
count_summary() {
  awk '/^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3; s = $5 } END { print p + 0, f + 0, s + 0 }' "$1"
}

# failed_tests NAME LOG: a line for each failed test, below it why: where a Rust test panicked, or the end of what
# another one says until the next.
failed_tests() {
  awk -v suite="$1" '
    /^ok / { said_by = "" }
    /^---- .* stdout ----$/ { test = $2; lines = 0; next }
    /^test .* FAILED$/ || /^not ok / || /^ *--- FAIL/ { names[++n] = $0; named[n] = $2 }
    /^not ok / { said_by = named[n] = "line " n; next }
    said_by != "" && NF { said[said_by, ++count[said_by]] = $0 }
    test != "" && (/panicked at / || lines > 0) { if (++lines <= 4) why[test] = why[test] "\n    " $0 }
    END {
      for (i = 1; i <= n && i <= 10; i++) {
        by = named[i]
        first = count[by] > 8 ? count[by] - 7 : 1
        for (k = first; k <= count[by]; k++) why[by] = why[by] "\n    " said[by, k]
        print suite ": " names[i] why[by]
      }
      if (n == 0) print suite ": no test by name, see " FILENAME
    }
  ' "$2" | cut -c -600
}
