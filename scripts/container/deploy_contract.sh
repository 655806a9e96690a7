#!/bin/sh
# Deploys the marketplace once and leaves its address in the file CONTRACT_ADDRESS_OUT, which the services read.
set -eu

if [ -s "$CONTRACT_ADDRESS_OUT" ] &&
  deltaml chain status --contract-address "$(cat "$CONTRACT_ADDRESS_OUT")" >/dev/null 2>&1; then
  echo "the contract is at $(cat "$CONTRACT_ADDRESS_OUT") already" >&2
  exit 0
fi
deltaml chain deploy --keystore "$DELTAML_KEYSTORE" --password-file "$DELTAML_KEYSTORE_PASSWORD_FILE" \
  >"$CONTRACT_ADDRESS_OUT.new"
mv "$CONTRACT_ADDRESS_OUT.new" "$CONTRACT_ADDRESS_OUT"
echo "deployed the contract at $(cat "$CONTRACT_ADDRESS_OUT")" >&2
