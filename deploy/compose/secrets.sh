#!/bin/bash
# Makes the secrets of compose.yaml, each in a file, where they are not there yet. What
# is there stays: with other master keys the stored API keys are lost.
#
# The folder is its owner's alone. The files in it can be read by everybody who gets
# there, as the containers' users have other ids than its owner.
set -euo pipefail
folder="${1:-$(dirname "$0")/secrets}"
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

make() { # NAME TEXT
  [ -e "$folder/$1" ] && return
  printf '%s\n' "$2" >"$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

make postgres_password "$(random 24)"
make migrator_password "$(random 24)"
make database_url "postgres://paddock_migrator:$(cat "$folder/migrator_password")@postgres:5432/paddock?sslmode=disable"
for login in app worker auth; do
  make "${login}_database_url" "postgres://paddock_$login:$(random 24)@postgres:5432/paddock?sslmode=disable"
done
make master_keys "1:$(head -c 32 /dev/urandom | base64 -w 0)"
make auth_secret "$(random 32)"
