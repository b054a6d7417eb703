# The whole shop as an image:
#
#   docker build --tag rialto .
#   docker run --publish 8080:8080 --volume rialto-data:/srv/rialto/data rialto
#
# or some of its modules, for a process that hosts only those (see config/services.toml; what crosses over
# a broker needs the feature `rabbitmq` as well):
#
#   docker build --tag rialto-orders --build-arg FEATURES="orders rabbitmq" .
#   docker run --env RIALTO_CONFIG=config/services.toml --env RIALTO_PROCESS=orders … rialto-orders
#
# `podman build --format docker .` and `buildah build --format docker --layers .` do the same; other
# formats know no health check. Every step is a plain layer, so any builder and any cache of layers will
# do: dependencies are compiled again when a manifest changes, and not when a source does.

# The manifests, and an empty source in each place where cargo wants one. All with one date and the same
# rights: builders take a file with others for another file.
FROM docker.io/library/rust:1.95-bookworm AS manifests
WORKDIR /build
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path './.cargo/*' \
        ! -name lib.rs ! -name main.rs ! -path './benches/*.rs' -delete \
    && find . -type d -empty -delete \
    && find . -name '*.rs' -exec sh -c 'echo "pub fn main() { }" > "$0"' {} ';' \
    && find . -exec touch --date=@0 {} + && chmod --recursive u=rwX,go=rX .

FROM docker.io/library/rust:1.95-bookworm AS build
# Modules to compile in, as "orders payments"; all of them when it is empty.
ARG FEATURES=""
WORKDIR /build
COPY --from=manifests /build .
RUN cargo build --locked --profile dist --bin rialto \
        ${FEATURES:+--no-default-features --features "$FEATURES"}
COPY . .
# Cargo goes by dates: our sources must be newer than what was compiled in their place, and what build
# scripts wrote below target must not be.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --locked --profile dist --bin rialto \
        ${FEATURES:+--no-default-features --features "$FEATURES"} \
    && target/dist/rialto --version

FROM docker.io/library/debian:bookworm-slim
RUN groupadd --gid 10001 rialto \
    && useradd --uid 10001 --gid rialto --no-create-home --shell /usr/sbin/nologin rialto \
    && install --directory --owner=rialto --group=rialto /srv/rialto/data
WORKDIR /srv/rialto
COPY --from=build /build/target/dist/rialto /usr/local/bin/rialto
COPY config config
# A container's loopback address is reachable from nowhere, and the demonstration shop is for
# loopback addresses only. Files given with --config do not overrule these two; the environment does.
ENV RIALTO_HTTP__PUBLIC=0.0.0.0:8080 RIALTO_DEMO=false
# By number, so that whoever refuses to run root can see that this is not root.
USER 10001:10001
VOLUME /srv/rialto/data
# SIGTERM starts the drain: what is in flight is finished, then the process ends with 0.
STOPSIGNAL SIGTERM
# Shoppers and staff; calls and messages between processes, health and metrics.
EXPOSE 8080 9000
# Asks the process that RIALTO_CONFIG and RIALTO_PROCESS name; without them, the whole shop.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["rialto", "probe"]
ENTRYPOINT ["rialto"]
CMD ["serve"]
