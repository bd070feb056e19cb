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
cd "$root"

venv=$root/.cache/mkdocs
export NO_MKDOCS_2_WARNING=1

build() { "$venv/bin/mkdocs" build --strict --quiet; }

# A page that loads something from elsewhere tells another host who reads it.
foreign() {
  grep -rhoE '<(script|link|img|iframe)[^>]*(src|href)="?https?://[^" >]+' .cache/site --include='*.html' |
    grep -vE 'rel="?(canonical|edit)' | sort -u
}

loads_nothing_foreign() {
  local found
  found=$(foreign || true)
  [ -z "$found" ] || { say "loaded from another host: $found"; return 1; }
}

# Whoever adds a field sees it on the page of the four kinds.
reference_is_whole() { python3 hack/docs/fields.py crds .cache/site/reference/api.html; }

check() {
  local name=$1
  shift
  if "$@"; then say "ok $name"; else say "not ok $name"; return 1; fi
}

tests() {
  local failed=0
  check "the site is built, and every link, anchor and page of it is led to" build || failed=1
  check "no page loads anything from another host" loads_nothing_foreign || failed=1
  check "every field of spec and status of the four kinds is in the reference" reference_is_whole || failed=1
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
