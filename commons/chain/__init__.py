"""The marketplace contract, seen from Python: signatures, keystore, client, transaction outbox.

The only package that imports web3, and not in every module: `commons.chain.signing` and `commons.chain.keystore` need
eth-account alone.
"""
