#!/bin/sh
# Entry point of every service's container: settings that come as files, an account at the first start, then the command.
set -eu

# A database URL holds a password, and the contract's address is only known once it is deployed: both come as files.
for name in DATABASE_URL CONTRACT_ADDRESS; do
  eval "file=\${DELTAML_${name}_FILE:-}"
  if [ -n "$file" ]; then
    value=$(cat "$file")
    export "DELTAML_$name=$value"
  fi
done

if [ ! -e "$DELTAML_KEYSTORE" ]; then
  echo "making an account in $DELTAML_KEYSTORE" >&2
  deltaml account new --keystore "$DELTAML_KEYSTORE" --password-file "$DELTAML_KEYSTORE_PASSWORD_FILE"
fi
if [ -n "${DEVELOPMENT_FUNDS_WEI:-}" ]; then
  python /opt/deltaml/scripts/container/fund_account.py
fi
exec "$@"
