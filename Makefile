# evsed: `make run` shows a simulated charger on http://localhost:8080, `make test` runs everything that CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
PLANT_PORT ?= 8180

.PHONY: install runtime run test unit unit-core unit-stories unit-daemons unit-others lint openapi docs lcd pictures fuzz bench conformance soak crash-matrix powercuts mutation lock clean \
	deb sign release-key deb-reproducible deb-lint package-test package-test-arm64
.DEFAULT_GOAL := install

install: $(VENV)/.dev

runtime: $(VENV)/.runtime

$(VENV)/.runtime: pyproject.toml requirements.lock
	tools/need.sh venv "$(PYTHON)"
	@echo "evsed: installing the daemon's packages into $(VENV) (pinned, with hashes)"
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "evsed: installing the test tools into $(VENV) (pinned, with hashes)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

run: runtime
	@exec $(BIN)/evsed simulate --port $(PORT) --plant-port $(PLANT_PORT) --state-dir build/simulated

test: install lint unit

# Four at once. The core's two keep a processor each busy, and let the others go first: the daemons in real time and the
# browser, which mostly wait. STORIES: days of charging, without which every line of the core has been tried already;
# counting lines makes them thrice as long.
PYTEST := $(BIN)/python -m pytest
STORIES := $(patsubst %,tests/core/test_%.py,attacks attacks_three caps fuzz laws_sun machine pilot_bursts proofs \
	session_story timing)
DAEMONS := tests/scenarios tests/crash tests/powercut tests/conformance tests/longrun tests/replay
unit: install
	tools/need.sh mosquitto
	tools/need.sh openssl
	tools/need.sh mbpoll
	tools/need.sh chromium
	mkdir -p build
	@echo "evsed: four parts of the tests run side by side; each is printed when it has ended, the last in half an hour"
	$(MAKE) --no-print-directory --keep-going --jobs=4 --output-sync=target unit-core unit-stories unit-daemons unit-others

unit-core:
	COVERAGE_FILE=build/coverage nice $(PYTEST) tests/core $(STORIES:%=--ignore=%) --cov --cov-fail-under=100

unit-stories:
	nice $(PYTEST) $(STORIES)

unit-daemons:
	$(PYTEST) $(DAEMONS)

unit-others:
	$(PYTEST) --ignore tests/core --ignore tests/package $(DAEMONS:%=--ignore=%)

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# What GET /openapi.json answers, for reading and comparing; a test says when it is to be written anew.
openapi: install
	$(BIN)/python -m tests.api.openapi_file

# The references that are made from the code, in docs/; a test says when they are to be written anew.
docs: install
	$(BIN)/python -m tests.documents

# Pictures of all that the LCD shows, tests/lcd/pictures and docs/lcd.png; a test says when they are to be written anew.
lcd: install
	$(BIN)/python -m tests.lcd

# Pictures of the web page while a simulated car charges, docs/page-*.png.
pictures: install
	tools/need.sh chromium
	$(BIN)/python -m tests.browser.pictures

# Random requests, a hundred thousand, to the whole web server: no fault of ours, and no change by what was refused.
REQUESTS ?= 100000
fuzz: install
	$(BIN)/python -m tests.api.fuzz $(REQUESTS)
	EXAMPLES=200 $(BIN)/python -m pytest tests/api/test_schemathesis.py

# Replays the reference's traces too; TRACES is their folder. Everything is written to build/bench.json. Weighs the
# packages that are in dist.
TRACES ?= ../shared/reference/traces
bench: install
	tools/need.sh mosquitto
	tools/need.sh chromium
	$(BIN)/python -m tests.bench $(TRACES)

# Replays recorded runs of the firmware; RUNS is their folder, JSON a file for the whole comparison.
RUNS ?= ../shared/reference/runs
conformance: install
	$(BIN)/python -m tests.conformance $(RUNS) $(if $(JSON),--json $(JSON))

# Three million pilot bursts (tests/pilot_soak.py); a million control cycles, after which no more memory is held; five
# million judged steps of arbitrary events (tests/soak.py); then a day of frames and 30 days of bus events of chargers
# that share power, in virtual time (tests/longrun, which takes most of an hour).
STEPS ?= 5000000
BURSTS ?= 3000000
CYCLES ?= 1000000
soak: install
	$(BIN)/python -m tests.pilot_soak $(BURSTS)
	$(BIN)/python -m tests.bench.cycle $(CYCLES)
	$(BIN)/python -m tests.soak $(STEPS)
	$(BIN)/python -m tests.longrun

# Kills, freezes and breaks the real processes while a fake car charges; writes build/crash-matrix.json. CASES: a part
# of the names of those that are wanted.
crash-matrix: install
	tools/need.sh mosquitto
	$(BIN)/python -m tests.crash $(CASES)

# Cuts the power at random moments of every write of settings, cards and sessions (alone, and in both their files); a
# loss prints the seed that repeats it.
CUTS ?= 10000
powercuts: install
	$(BIN)/python -m tests.powercut --cuts $(CUTS)

# Breaks safety, states, faults and pilot in every small way and asks whether the tests notice; takes a while.
mutation: install
	$(BIN)/python -m tests.mutation

# dist/evsed_<version>+<release>_<architecture>.deb, built from debian/ with the fast tests. DEBS chooses fewer; KEY, the
# file of a private key, signs them.
DEBS ?= deb12_amd64 deb12_arm64 deb13_amd64 deb13_arm64
deb: install
	tools/need.sh debhelper
	$(BIN)/python -m tools.deb.build $(DEBS)
	$(if $(KEY),$(BIN)/python -m tools.deb.signing sign "$(KEY)" $(DEBS:%=dist/evsed_*+%.deb))

# A signature beside each package in dist, <package>.sig, as POST /update wants it.
sign: install
	@test -n "$(KEY)" || { echo "evsed: name the file of the private key: make sign KEY=/.../release-key.pem" >&2; exit 1; }
	$(BIN)/python -m tools.deb.signing sign "$(KEY)" dist/*.deb

# A new pair of keys: the private half at KEY, outside of this clone; the public half in debian/update-keys, where it is
# built into the packages from then on.
release-key: install
	@test -n "$(KEY)" || { echo "evsed: say where it is kept: make release-key KEY=/.../release-key.pem" >&2; exit 1; }
	$(BIN)/python -m tools.deb.signing new "$(KEY)"

# The same package again, from another folder and at another time: the same bytes.
deb-reproducible: install
	tools/need.sh debhelper
	$(BIN)/python -m tools.deb.reproducible $(DEBS)

# No error, and no warning without a reason (debian/evsed.lintian-overrides).
deb-lint: install
	tools/need.sh lintian
	lintian --fail-on error,warning --tag-display-limit 0 dist/*.deb

# Installs, upgrades, removes and purges the packages in clean Debian roots with a real systemd; needs root, and debootstrap
# with the network the first time. PACKAGE_TESTS: a part of the names of those that are wanted.
package-test: install
	@test "$$(id -u)" = 0 || { echo "evsed: the package is tested as root: sudo make package-test" >&2; exit 1; }
	tools/need.sh debhelper
	tools/need.sh debootstrap
	$(BIN)/python -m pytest tests/package $(if $(PACKAGE_TESTS),-k "$(PACKAGE_TESTS)")

# The arm64 package in an arm64 root, instruction by instruction; a quarter of an hour. Writes docs/arm64-install.log.
package-test-arm64: install
	tools/need.sh debhelper
	tools/need.sh debootstrap
	tools/need.sh proot
	tools/deb/arm64.sh

# Needs uv on the PATH. Pins every package with hashes; the files name no index.
LOCK := uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock:
	$(LOCK) --extra build --extra plot -o requirements.lock
	$(LOCK) --no-emit-package setuptools -c requirements.lock -o requirements-package.lock
	$(LOCK) --extra build --extra plot --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
