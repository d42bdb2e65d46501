#!/bin/sh
# Makes a git repository of the core and of each extension. To be run again for a new extension: what has commits stays as it is.
set -e
cd "$(dirname "$0")"
[ -e .gitignore ] || printf '%s\n' node_modules /extensions/ > .gitignore
for member in . extensions/*; do
  [ -e "$member/.git" ] || git init --quiet --initial-branch main "$member"
  git -C "$member" rev-parse --quiet --verify HEAD > /dev/null && continue
  git -C "$member" add --all
  git -C "$member" commit --quiet --message 'Begin'
  echo "$member is a repository."
done
