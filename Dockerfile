# One image for every part of stilldown: `docker build -t stilldown .`, then `docker run stilldown COMMAND …`.
# Everything installed is locked with its hashes in requirements/.

FROM python:3.14-slim AS build
WORKDIR /build
RUN python -m venv /opt/stilldown
ENV PATH=/opt/stilldown/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
RUN python -m venv /opt/build && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml LICENSE ./
COPY contracts contracts
COPY engine engine
COPY projections projections
COPY ops ops
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation -w dist . && pip install --no-deps dist/*.whl

FROM python:3.14-slim
RUN useradd --uid 10001 --create-home stilldown && install -d -o stilldown -g stilldown /data
COPY --from=build /opt/stilldown /opt/stilldown
# A store on a file, where no other is named; logs as JSON.
ENV PATH=/opt/stilldown/bin:$PATH PYTHONUNBUFFERED=1 STILLDOWN_STORE=sqlite:////data/stilldown.db STILLDOWN_LOG=json
USER stilldown
WORKDIR /data
VOLUME /data
# Whether the store can be read and its clock is right. A worker that has ended ends its container.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["stilldown", "status"]
ENTRYPOINT ["stilldown"]
CMD ["--help"]
