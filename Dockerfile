# Two images: the Python services (default target; the command decides which service) and the development chain
# (target `chain`). The base images are build arguments, for machines that keep their own.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim

# ---------------------------------------------------------------------------------------------------------------- chain
FROM ${NODE_IMAGE} AS chain
WORKDIR /opt/deltaml/contracts
COPY contracts/package.json contracts/package-lock.json ./
RUN npm install --no-save --omit=dev --no-audit --no-fund --no-update-notifier --loglevel=error \
    && npm cache clean --force \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin deltaml \
    && install --directory --owner=deltaml --mode=0700 /var/lib/chain
USER deltaml
ENV CHAIN_ID=1337
EXPOSE 8545
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --retries=6 CMD ["node", "-e", \
    "fetch('http://127.0.0.1:8545',{method:'POST',body:'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}'}).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Without accounts of its own: balances are set over RPC, so no private key stands anywhere but in a service's keystore.
CMD exec node_modules/.bin/ganache --server.host 0.0.0.0 --server.port 8545 --database.dbPath /var/lib/chain \
    --chain.chainId "$CHAIN_ID" --chain.networkId "$CHAIN_ID" --wallet.totalAccounts 0 --miner.instamine strict

# ----------------------------------------------------------------------------------------------------------------- pages
FROM ${NODE_IMAGE} AS pages
WORKDIR /opt/deltaml/ui
COPY ui .
RUN npm install --no-save --omit=dev --no-audit --no-fund --no-update-notifier --loglevel=error && node build.mjs

# ------------------------------------------------------------------------------------------------------------- packages
FROM ${PYTHON_IMAGE} AS packages
COPY requirements.lock /tmp/requirements.lock
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock

# ------------------------------------------------------------------------------------------------------------- services
FROM ${PYTHON_IMAGE} AS services
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/deltaml
COPY . .
COPY --from=pages /opt/deltaml/ui/dist ui/dist
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable . \
    && /opt/venv/bin/python -m compileall -q commons data_owner deltaml federated_aggregator model_buyer \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin deltaml \
    && install --directory --owner=deltaml --mode=0700 /var/lib/deltaml \
    && install --directory --owner=deltaml --mode=0755 /var/lib/marketplace
USER deltaml
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DELTAML_STATE_DIR=/var/lib/deltaml \
    DELTAML_KEYSTORE=/var/lib/deltaml/keystore.json \
    DELTAML_HOST=0.0.0.0 \
    DELTAML_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "/opt/deltaml/scripts/container/healthcheck.py"]
ENTRYPOINT ["/opt/deltaml/scripts/container/entrypoint.sh"]
CMD ["deltaml", "--help"]
