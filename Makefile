# Thin: what is built and how is in meson.build and web/; this file only puts the steps in order.
# make run and make test install what is missing (scripts/deps), with sudo when not root.
.PHONY: build run test soak fuzz bench fmt check clean deps
MAKEFLAGS += --no-print-directory
BUILD := build

build: deps
	@scripts/web
	@test -e $(BUILD)/build.ninja || meson setup $(BUILD) --buildtype=release
	@ninja -C $(BUILD) --quiet

deps:
	@scripts/deps build

run: build
	@exec $(BUILD)/mayfly serve

# Tier 1, 15 minutes at most on two cores. The last line is "N passed, N failed".
test:
	@scripts/deps test
	@$(MAKE) build
	@python3 tests/run test

# The full counts: kill rounds, power cuts, a million messages, long load. Hours.
soak:
	@scripts/deps soak
	@$(MAKE) build
	@python3 tests/run soak

# Both compilers, layout, static analysis, layers, sanitizers, a minute of every fuzz target.
check:
	@scripts/deps check
	@python3 tests/run check

fuzz:
	@scripts/deps check
	@python3 tests/run fuzz

# Parsers, seal and store alone. Side by side with other servers: ../shared/bench with PEER_DIR=bench/peer.
bench: build
	@ninja -C $(BUILD) --quiet bench/micro
	@$(BUILD)/bench/micro

fmt:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD) build-* web/dist test-output
