# syntax=docker/dockerfile:1
#
#   docker build --tag rialto .
#   docker run --publish 8080:8080 --volume rialto-data:/srv/rialto/data rialto

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The caches keep what was downloaded and compiled for the next build. They are no part of the image,
# so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target,sharing=locked \
    cargo build --locked --profile dist --package rialto --bin rialto \
    && cp target/dist/rialto /rialto

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --user-group --no-create-home rialto \
    && install --directory --owner=rialto --group=rialto /srv/rialto/data
WORKDIR /srv/rialto
COPY --from=build /rialto /usr/local/bin/rialto
COPY config config
# A container's loopback address is reachable from nowhere, and the demonstration shop is for
# loopback addresses only. Files given with --config do not overrule these two; the environment does.
ENV RIALTO_HTTP__PUBLIC=0.0.0.0:8080 RIALTO_DEMO=false
USER rialto
VOLUME /srv/rialto/data
# SIGTERM starts the drain: what is in flight is finished, then the process ends with 0.
STOPSIGNAL SIGTERM
EXPOSE 8080
ENTRYPOINT ["rialto"]
CMD ["serve"]
