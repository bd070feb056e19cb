#!/usr/bin/env bash
# The documentation as a site, built strictly: a dead link, an anchor that is not
# there or a page that nothing leads to fails.
#
#   hack/docs.sh            builds it into .cache/site
#   hack/docs.sh serve      shows it on loopback and follows changes
#   hack/docs.sh test       one line `ok` or `not ok` for each check, as hack/test.sh counts them
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"
. "$root/hack/lib/prerequisites.sh"
. "$root/hack/lib/venv.sh"
. "$root/hack/lib/tests.sh"
cd "$root"

venv=$root/.cache/mkdocs
trial=$root/.cache/docs-trial
export NO_MKDOCS_2_WARNING=1

# build [OPTION...]: says nothing unless it fails. Not by --quiet: what mkdocs does not say, its --strict does not see.
build() {
  local log=$logs/docs-build.log
  if "$venv/bin/mkdocs" build --strict "$@" >"$log" 2>&1; then return 0; fi
  cat "$log" >&2
  return 1
}

# A page that loads something from elsewhere tells another host who reads it.
foreign() {
  grep -rhoE '<(script|link|img|iframe)[^>]*(src|href)="?https?://[^" >]+' "$1" --include='*.html' |
    grep -vE 'rel="?(canonical|edit)' | sort -u
}

loads_nothing_foreign() {
  local found
  found=$(foreign "${1-.cache/site}" || true)
  [ -z "$found" ] || { say "loaded from another host: $found"; return 1; }
}

# Whoever adds a field sees it on the page of the four kinds.
reference_is_whole() { python3 hack/docs/fields.py crds .cache/site/reference/api.html; }

# Every picture is text that a screen reader finds.
pictures_speak() { python3 hack/docs/pictures.py docs/pictures; }

# --- that what shall fail does fail ---

# spoilt PAGE TEXT: the pages once more, with TEXT at the end of PAGE, which is made where it is not there.
spoilt() {
  rm -rf "$trial"
  mkdir -p "$trial"
  cp -r docs "$trial/docs"
  printf '\n%s\n' "$2" >>"$trial/docs/$1"
  printf 'INHERIT: %s\nhooks: [%s]\nsite_dir: site\n' "$root/mkdocs.yml" "$root/hack/docs/site.py" >"$trial/mkdocs.yml"
}

# refused PAGE TEXT WORD: the build fails for TEXT, and says WORD.
refused() {
  spoilt "$1" "$2"
  if build --config-file "$trial/mkdocs.yml" >"$trial/log" 2>&1; then
    say "it was built with: $2"
    return 1
  fi
  grep -q "$3" "$trial/log" || { cat "$trial/log"; return 1; }
}

# A link within the pages, one that leaves them, one to another page's anchor and one to its own.
dead_links_are_refused() {
  refused faq.md '[x](not-there.md)' not-there
  refused faq.md '[x](../hack/not-there.sh)' not-there
}

dead_anchors_are_refused() {
  refused faq.md '[x](install.md#not-there)' not-there
  refused faq.md '[x](#not-there)' not-there
}

orphans_are_refused() { refused orphan.md '# Nothing leads here' orphan; }

foreign_pictures_are_refused() {
  spoilt faq.md '<img src="https://example.com/x.png">'
  build --config-file "$trial/mkdocs.yml"
  if loads_nothing_foreign "$trial/site"; then
    say "it was not found"
    return 1
  fi
}

# The plugin's manifest for krew, of files that stand for what a release builds.
krew_manifest_is_whole() {
  rm -rf "$trial"
  mkdir -p "$trial/built"
  touch "$trial/built/kubectl-yubikey" "$trial/built/kubectl_complete-yubikey"
  BUILT=$trial/built hack/krew/render.sh v1.2.3 "$trial/krew"
  "$venv/bin/python" hack/krew/check.py "$trial/krew"
}

tests() {
  work=$root/.cache/docs-tests
  mkdir -p "$work"
  run "the site is built, and every link, anchor and page of it is led to" build
  run "no page loads anything from another host" loads_nothing_foreign
  run "every field of spec and status of the four kinds is in the reference" reference_is_whole
  run "a link to what is not there fails" dead_links_are_refused
  run "a link to a heading that is not there fails" dead_anchors_are_refused
  run "a page that nothing leads to fails" orphans_are_refused
  run "a picture of another host is found" foreign_pictures_are_refused
  run "pictures are well-formed, have words for who does not see them, and load nothing" pictures_speak
  run "the krew manifest is whole, and names the archive that was packed" krew_manifest_is_whole
  return "$failed"
}

need python python_venv
venv "$venv" "$root/hack/docs/requirements.txt"
case ${1-} in
'')
  build
  say "$root/.cache/site/index.html"
  ;;
serve) tied "$venv/bin/mkdocs" serve --strict --dev-addr 127.0.0.1:8000 ;;
test) tests ;;
*) fail "say nothing, serve or test" ;;
esac
