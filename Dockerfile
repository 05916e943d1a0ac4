# One image for ingress, worker and api: docker build -t creatorflow:0.1.0 .
# CI does not build it.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /opt/creatorflow \
    && /opt/creatorflow/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN /opt/creatorflow/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/creatorflow creatorflow
COPY --from=build /opt/creatorflow /opt/creatorflow
ENV PATH=/opt/creatorflow/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CREATORFLOW_HOME=/var/lib/creatorflow
WORKDIR /var/lib/creatorflow
USER creatorflow
ENTRYPOINT ["creatorflow"]
CMD ["--help"]
