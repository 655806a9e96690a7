#!/usr/bin/env bash
# Draws the secrets that docker-compose.yml mounts, one file each, into var/compose-secrets; those that exist stay.
#
# The folder is closed to everybody else on this machine (mode 0700). The files in it are readable, because the containers
# run as a user that does not exist outside of them, and each sees only the files that are mounted into it.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=var/compose-secrets

draw() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

keep_or_write() {
  if [ -s "$folder/$1" ]; then return; fi
  printf '%s\n' "$2" >"$folder/$1.new"
  chmod 0444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "drew $folder/$1"
}

mkdir -p "$folder"
chmod 0700 "$folder"
keep_or_write postgres_password "$(draw)"
keep_or_write aggregator_database_url \
  "postgresql+psycopg://aggregator:$(cat "$folder/postgres_password")@postgres:5432/aggregator"
for service in deployer aggregator buyer owner_1 owner_2 owner_3 owner_4 owner_5; do
  keep_or_write "${service}_keystore_password" "$(draw)"
done
for service in buyer owner_1 owner_2 owner_3 owner_4 owner_5; do
  keep_or_write "${service}_admin_password" "$(draw)"
done
mkdir -p var/compose-data/owner-{1..5}
echo "The secrets are in $folder. Back it up: without these passwords the keystores in the volumes are worthless."
