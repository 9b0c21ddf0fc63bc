# The two commands a newcomer needs are `make home` and `make city`; both set up by themselves.

SOURCE ?= auto
DURATION_S ?=
REPORT ?=

UP_OPTIONS = --source '$(SOURCE)' \
	$(if $(DURATION_S),--duration-s '$(DURATION_S)') \
	$(if $(REPORT),--report '$(REPORT)')

# Any Python from 3.10 on starts the set-up, which then chooses the one to build on.
PYTHON ?= python3
EDGEAI = $(PYTHON) edgeai
RUN = $(PYTHON) tools/workspace.py run --dev --
STRICT = edgeai_core edgeai_ros_common edgeai_alerts edgeai_dashboard edgeai_lab
PYTHON_FILES = edgeai bench src tests tools

.DEFAULT_GOAL := help
.PHONY: help home city setup test check format bench locks clean

help:  ## Say what can be made
	@sed -n 's/^\([a-z]*\):  ## /  make \1\t/p' Makefile | expand -t 16
	@echo "  home and city take SOURCE=/dev/video0|rtsp://...|clip.mp4|folder/ DURATION_S=30 REPORT=run.json"

home:  ## Watch a home: who is there, what lies about, what is wrong
	@$(EDGEAI) up home $(UP_OPTIONS)

city:  ## Watch a public place
	@$(EDGEAI) up city $(UP_OPTIONS)

setup:  ## Set up without starting anything
	@$(EDGEAI) setup

test:  ## Run all tests
	@$(EDGEAI) setup --dev
	@$(RUN) python -m pytest --durations=15

check:  ## Check formatting, lint, types, import contracts and generated documents
	@$(EDGEAI) setup --dev
	@$(RUN) ruff format --check $(PYTHON_FILES)
	@$(RUN) ruff check $(PYTHON_FILES)
	@$(RUN) mypy $(addprefix -p ,$(STRICT))
	@MYPYPATH=tools $(RUN) mypy tools/workspace.py tools/doctor.py
	@$(RUN) lint-imports --no-cache
	@$(RUN) python tools/generate_docs.py --check

format:  ## Format and mend what can be mended by machine
	@$(EDGEAI) setup --dev
	@$(RUN) ruff format $(PYTHON_FILES)
	@$(RUN) ruff check --fix $(PYTHON_FILES)

bench:  ## Measure the running graph into bench/results/
	@$(EDGEAI) setup --dev
	@$(RUN) python bench/graph_rates.py

# torch of PyPI is built for CUDA, and its libraries are several gigabytes: both have a lock of their
# own. The CPU build is not on PyPI; lab-cpu.txt pins it by hand, and set-up tries that one first.
TORCH_PACKAGES = torch cuda-bindings cuda-pathfinder cuda-toolkit triton $(addprefix nvidia-, cublas \
	cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse \
	cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx)

locks:  ## Pin requirements/*.in anew (needs uv)
	@cd requirements && for group in build ros run fast dev lab lab-cuda; do \
		constraints=$$(for before in build ros run fast dev lab; do \
			[ $$before = $$group ] && break; echo "-c $$before.txt"; done); \
		uv pip compile --quiet --no-config --universal --python-version 3.10 --generate-hashes \
			$$([ $$group = lab ] && printf -- '--no-emit-package %s ' $(TORCH_PACKAGES)) \
			$$([ $$group = lab ] && echo --excludes lab-excludes.txt) \
			--no-header --no-annotate $$constraints -o $$group.txt $$group.in || exit 1; \
	done

clean:  ## Remove the environment and everything built
	@$(PYTHON) tools/workspace.py clean
