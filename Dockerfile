# The control plane: one image, and the argument says which part runs (`api`, `controller`, `first-key`).
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
COPY requirements/build.lock requirements/run.lock requirements/
RUN python -m venv /opt/miniaws \
 && /opt/miniaws/bin/pip install --no-cache-dir --require-hashes -r requirements/build.lock \
 && /opt/miniaws/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY miniaws miniaws
COPY domain domain
COPY projections projections
COPY adapters adapters
COPY docs docs
RUN /opt/miniaws/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/miniaws/bin/pip uninstall --yes uv hatchling editables

FROM ${PYTHON_IMAGE}
# For volumes with a size, which compose.sizes.yaml lets it make.
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends e2fsprogs mount \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=build /opt/miniaws /opt/miniaws
ENV PATH=/opt/miniaws/bin:$PATH PYTHONUNBUFFERED=1 MINIAWS_DATA_DIR=/var/lib/miniaws
VOLUME /var/lib/miniaws
ENTRYPOINT ["python", "-m", "miniaws"]
CMD ["api"]
