# One image a service: docker build --build-arg SERVICE=annotate .
# SERVICE is ingest, annotate, prs, report, or cli for the admin steps.
FROM python:3.13-slim AS build
ARG SERVICE
WORKDIR /build
RUN python -m venv /opt/canheal
ENV PATH=/opt/canheal/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The lock first: it changes less often than the code.
COPY requirements.lock .
RUN pip install --quiet --require-hashes -r requirements.lock
COPY schemas schemas
COPY libs libs
COPY services services
COPY cli cli
RUN case "$SERVICE" in \
        cli) members="schemas libs/vault libs/process libs/chassis libs/desk cli" ;; \
        ingest|annotate|prs|report) members="schemas libs/genome libs/refdata libs/vault libs/process libs/chassis libs/desk services/$SERVICE" ;; \
        *) echo "SERVICE must be ingest, annotate, prs, report or cli, not '$SERVICE'" >&2; exit 1 ;; \
    esac \
    && for member in $members; do pip install --quiet --no-deps --no-build-isolation "./$member" || exit 1; done

FROM python:3.13-slim
ARG SERVICE
RUN useradd --system --uid 10001 --no-create-home canheal \
    && mkdir /scratch && chown canheal /scratch
COPY --from=build /opt/canheal /opt/canheal
ENV PATH=/opt/canheal/bin:$PATH PYTHONUNBUFFERED=1 SERVICE=$SERVICE CANHEAL_SCRATCH=/scratch
USER 10001
# `exec`: the service is process 1 and gets SIGTERM itself.
CMD ["/bin/sh", "-c", "exec python -m canheal_${SERVICE}.main"]
