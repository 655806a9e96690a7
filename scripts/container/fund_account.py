"""Give a service's account `DEVELOPMENT_FUNDS_WEI` when it has nothing: only development nodes can do this.

On any other chain leave the variable unset and send the account what it needs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from commons.chain.connection import ChainConnection
from commons.chain.transactions import balance_wei
from deltaml.commands.account import keystore_address
from deltaml.nodes import fund


def main() -> None:
    """Fund the account in `DELTAML_KEYSTORE` on the node at `DELTAML_ETH_RPC_URL`."""
    rpc_url, amount_wei = os.environ["DELTAML_ETH_RPC_URL"], int(os.environ["DEVELOPMENT_FUNDS_WEI"])
    address = keystore_address(Path(os.environ["DELTAML_KEYSTORE"]))
    if balance_wei(ChainConnection(rpc_url), address) == 0:
        sys.stderr.write(f"giving {address} {amount_wei} wei on the development chain\n")
        fund(rpc_url, address, amount_wei)


if __name__ == "__main__":
    main()
