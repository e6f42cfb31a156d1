# One small image for every role: the static binary, certificates, nothing else.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/pulse ./cmd/pulse && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/pulse /usr/local/bin/pulse
COPY --from=build --chown=65532:65532 /out/data /var/lib/pulse
USER 65532:65532
ENV PULSE_DATA_DIR=/var/lib/pulse PULSE_LISTEN=0.0.0.0:8080 PULSE_LOG_FORMAT=json
VOLUME /var/lib/pulse
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/pulse"]
CMD ["serve"]
