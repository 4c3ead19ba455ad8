# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# For interactive use; kbuild reads Kbuild.  `make help` lists the targets.

# Build several targets of one command in order, such as clean and modules.
.NOTPARALLEL:

# KDIR is the directory of the kernel's headers or source, and O its object directory if
# that differs; or KREL is its release, as printed by `uname -r`.  Yocto sets KERNEL_SRC
# and no target.
ifdef KERNEL_SRC
.DEFAULT_GOAL := modules
KDIR	?= $(KERNEL_SRC)
endif
# Relative paths are those of where make runs; kbuild runs in KDIR.
absolute	= $(if $(word 2,$(1)),$(1),$(abspath $(1)))
output	= $(call absolute,$(or $(O),$(KBUILD_OUTPUT)))
objects	= $(or $(output),$(KDIR))
ifdef KDIR
# Debian's `make kernelrelease` prints only a part of the release, so read it from the
# headers.
KREL	?= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	     '$(objects)/include/generated/utsrelease.h' 2>/dev/null)
else
KREL	?= $(shell uname -r)
KDIR	:= /lib/modules/$(KREL)/build
endif

PREFIX	?= /usr/local
# INSTALL_MOD_PATH alone applies to all files.
DESTDIR	?= $(INSTALL_MOD_PATH)
root	= $(or $(INSTALL_MOD_PATH),$(DESTDIR))
MODLIB	?= $(root)/lib/modules/$(KREL)
MODDIR	= $(MODLIB)/$(or $(INSTALL_MOD_DIR),updates)
# Files for building clients: the header and the list of symbols, for one kernel.
DEVDIR	= $(DESTDIR)$(PREFIX)/lib/galloc/$(KREL)
# A link to the header of the kernel that was installed last, in the usual directory for
# headers.
HEADERS	= ../lib/galloc/$(KREL)/include

# MO, as in kbuild since 6.13: the directory to build in, where the tree cannot be written
# or its path has a space.
out	= $(if $(MO),$(call absolute,$(MO)),$(CURDIR))

# kbuild would export its own values of these to our tools.
unexport KREL KDIR

# on OPTION: whether this kernel was built with it.  is FILE: whether it exists; a name
# may have a space, which none of make's own functions allows.
on	= $(shell grep -sx 'CONFIG_$(1)=y' '$(objects)/include/config/auto.conf')
is	= $(shell [ ! -e '$(1)' ] || echo y)
has	= $(shell command -v $(1) 2>/dev/null)

# Build modules for a kernel built by clang with clang, of the same version if it is
# installed, unless LLVM= or CC= is given.
ifeq ($(LLVM)$(filter command% environment%,$(origin CC)),)
ifneq ($(call on,CC_IS_CLANG),)
clang	:= -$(shell sed -n 's/^CONFIG_CLANG_VERSION=\(.*\)....$$/\1/p' '$(objects)/include/config/auto.conf')
clang	:= $(if $(call has,clang$(clang)),$(clang))
llvm	:= $(if $(call on,LD_IS_LLD),LLVM=$(or $(clang),1),CC=clang$(clang))
endif
endif

# Type information, for bpftrace: if the kernel has it and its tools are installed;
# otherwise kbuild would warn or stop.  BTF=y requires it, BTF=n omits it.
btf	= $(if $(call on,DEBUG_INFO_BTF_MODULES),,the kernel was built without \
	    CONFIG_DEBUG_INFO_BTF_MODULES) \
	  $(if $(call is,$(objects)/vmlinux),,there is no $(objects)/vmlinux) \
	  $(if $(call has,pahole),,pahole is not installed) \
	  $(if $(call is,$(objects)/$(btfids)),,there is no $(objects)/$(btfids))
btfids	= tools/bpf/resolve_btfids/resolve_btfids

# Quoted, since KDIR may have a space; the path that is built in must not.  KCFLAGS also
# reach the files that kbuild compiles itself, so that builds in different directories
# are equal.  Newer ones call themselves to set --no-print-directory, without quotes.
kbuild	= $(if $(word 2,$(KDIR)),--no-print-directory) -C '$(KDIR)' M='$(out)' MO= \
	  $(if $(output),O='$(output)' KBUILD_OUTPUT='$(output)') $(if $(DEBUG),GALLOC_DEBUG=y) $(llvm) \
	  KCFLAGS='$(KCFLAGS) -ffile-prefix-map=$(out)=.' \
	  $(if $(filter y,$(BTF))$(if $(filter n,$(BTF)),,$(if $(strip $(btf)),,y)),,CONFIG_DEBUG_INFO_BTF_MODULES=)

.PHONY: help
help:
	@echo 'make run [TEXT=file]  galloc and a client on a stock kernel in QEMU'
	@echo 'make check            the tests of a quarter of an hour (KERNELS="6.1 6.12 7.3": all tests)'
	@echo 'make check ARCH=arm64 the suites and the stress on arm64, in QEMU'
	@echo 'make check-install    builds and packages for kernels of every layout'
	@echo 'make check-observe    perf, bpftrace, drgn, a browser, tables at 512 CPUs'
	@echo 'make check-kcsan      races: the suites and the stress on a kernel with KCSAN'
	@echo 'make check-probes     galloc_nolock() in probes of our own sections, on three kernels'
	@echo 'make check-profiling  the suites on a kernel that profiles memory allocations'
	@echo 'make check-graft      galloc in a kernel source, and its suites built in'
	@echo 'make patch            a series of patches for a kernel source, into build/patch (KSRC=)'
	@echo 'make kunit            the KUnit suites, in user-mode Linux'
	@echo 'make coverage         which lines and branches these run'
	@echo 'make model            the spin models of protocols and of barriers'
	@echo 'make soak             the stress, and all faults at random: HOURS=N'
	@echo 'make fuzz             sequences of calls from random bytes: OPS=N'
	@echo 'make litmus           the pairs of barriers, by herd7'
	@echo 'make mutants          mutation tests'
	@echo 'make demo-port        unmodified modules of the kernel, with galloc and without'
	@echo 'make hosttest         the tests that need no kernel'
	@echo 'make lint             warnings, sparse, checkpatch, kernel-doc, clang'
	@echo 'make trace            record the allocations of a stock kernel, into build/trace'
	@echo 'make trace-doc        three recordings, into tools/trace and Documentation'
	@echo 'make bench [TRACE=f]  time and memory of galloc and others, into build/bench'
	@echo 'make bench-doc        copy the report into Documentation'
	@echo 'make bench-here       native times on this machine; needs root, asks first'
	@echo 'make docs             the pages of Documentation, into build/docs (FORMAT=latexpdf)'
	@echo 'make fastpath-doc     Documentation/fastpath.rst, from galloc.ko'
	@echo 'make modules          galloc.ko for the running kernel (KDIR=, KREL=, MO=)'
	@echo 'make install          module, headers, symbols (PREFIX=, DESTDIR=, INSTALL_MOD_STRIP=)'
	@echo 'make dkms             have DKMS build it for each kernel (SAMPLES=, DESTDIR=)'
	@echo 'make deb              Debian packages, into build/deb'
	@echo 'make release          a release (VERSION=)'
	@echo 'make uninstall        remove them, for the same kernel'
	@echo 'make modules_install  the module alone, by kbuild (INSTALL_MOD_PATH=)'
	@echo 'make sizeclasses      the table of size classes (PAGE_SIZE=)'
	@echo 'make clean            remove all build output of this tree'
	@echo 'DEBUG=1               build with lock depth checks'
	@echo 'BTF=y                 require type information; default: if possible'

.PHONY: run check check-graft check-observe check-install check-kcsan check-probes kunit coverage mutants model litmus fuzz soak hosttest bench bench-doc bench-here sizeclasses lint
.PHONY: trace trace-doc
# TEXT comes by the environment: a name can have anything in it.
run:
	@tools/run.sh

check:
	@tools/check.sh

check-graft:
	@tools/test/graft.sh

.PHONY: check-profiling
check-profiling:
	@tools/kunit.sh uml-profiling-7.3

.PHONY: patch
patch:
	@tools/ship/patch.sh $(if $(KSRC),'$(subst ','\'',$(KSRC))')

check-observe:
	@tools/stock.sh 6.1 tools
	@tools/stock.sh 6.1 large
	@TRACE_OF=galloc TRACE_SCALE=20 tools/trace/record.sh galloc

check-kcsan:
	@tools/kunit.sh qemu-kcsan-7.3
	@tools/stock.sh kcsan-7.3 races
	@STOCK_SECONDS=60 tools/stock.sh kcsan-7.3 probes

# Each to its end, whatever the others say.
check-probes:
	@rc=0; for kernel in 6.1 debug-6.1 up-6.1; do \
		STOCK_SECONDS=$${STOCK_SECONDS:-60} tools/stock.sh $$kernel probes || rc=1; \
	done; exit $$rc

# The packages first, while sudo may still know the user.
check-install:
	@$(if $(filter-out 0,$(shell id -u)),sudo) tools/ship/packages.sh
	@tools/ship/layouts.sh
	@tools/ship/rpm.sh

kunit:
	@tools/kunit.sh

coverage:
	@tools/coverage.sh

mutants:
	@tools/mutants/run.sh

.PHONY: demo-port
demo-port:
	@tools/port/demo.sh

model:
	@tools/model/run.sh

litmus:
	@tools/model/litmus.sh

# The guest of an emulator may take three times as long as it believes.
soak:
	@SOAK_MINUTES=$$((60 * $(or $(HOURS),2))) STOCK_TIMEOUT=$$((4 * 3600 * $(or $(HOURS),2))) \
		tools/stock.sh 6.1 soak

fuzz:
	@tools/fuzz $(OPS)

hosttest:
	@tools/test/run.sh
	@tools/test/trace.sh
	@tools/test/observe.sh

trace:
	@tools/trace/record.sh

trace-doc:
	@tools/trace/doc.sh

bench:
	@tools/bench/run.sh

bench-doc:
	@[ -e build/bench/performance.rst ] || { echo 'type make bench first' >&2; exit 1; }
	cp build/bench/performance.rst build/bench/figures.rst build/bench/*.svg Documentation

bench-here:
	@tools/bench/here.sh

sizeclasses:
	@tools/sizeclasses.sh

lint:
	@tools/lint.sh

.PHONY: fastpath-doc docs
docs:
	@tools/ship/docs.sh $(FORMAT)

fastpath-doc:
	@tools/fastpath.sh --doc $(filter-out x86%,$(ARCH))

# kbuild's own errors for these are long or misleading.
define refuse
$(if $(findstring :,$(out))$(word 2,$(out)),$(error kbuild cannot build in \
	'$(out)': $(if $(MO),set MO=,move the tree) to a path without spaces and colons$(if $(MO),,, or set MO=directory)))
$(if $(word 2,$(output)),$(error kbuild cannot use the objects in '$(output)': \
	move them to a path without spaces))
$(if $(call is,$(KDIR)/Makefile),,$(error no kernel headers in '$(KDIR)': install them$(if \
	$(KREL), (linux-headers-$(KREL))), or set KDIR=))
$(if $(KREL),,$(error no release of a kernel in '$(objects)/include/generated/utsrelease.h': \
	set O= if its object directory is not KDIR))
$(if $(filter y,$(BTF)),$(if $(strip $(btf)),$(error BTF=y: $(strip $(btf)))))
endef

# What kbuild writes.
outputs	= -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' \
	  -o -name modules.order -o -name Module.symvers

# others DIR: what root, by sudo, has left there, where another user can neither replace nor remove it.
others	= $(shell find '$(1)' \( -name .git -o -path '$(CURDIR)/build' \) -prune -o ! -user "$$(id -u)" ! -writable \
	    \( -type d -o $(outputs) \) -print -quit 2>/dev/null)
refuse_others	= $(if $(call others,$(1)),$(error '$(call others,$(1))' belongs to another user; type: sudo make clean$(if \
		  $(MO), MO='$(out)')))

# The same where kbuild builds, and nowhere else: MO can have directories of others.
source_dirs	= $(shell find . \( -name .git -o -path ./build \) -prune -o -name '*.[ch]' -printf '%h\n' | sort -u)
others_there	= $(shell for dir in $(source_dirs); do \
		find '$(out)'/"$$dir" -maxdepth 1 ! -user "$$(id -u)" ! -writable \
		\( -path '$(out)'/"$$dir" -o -name .galloc-copied -o $(outputs) \) -print -quit 2>/dev/null; done | head -n 1)
refuse_there	= $(foreach found,$(others_there),$(error '$(found)' belongs to another user$(if $(wildcard \
		  $(found)/.),: it cannot be written,; type: sudo make clean$(if $(MO), MO='$(out)'))))

# The sources that differ from their copies in MO; each can be read-only.  A copy has the time of
# now: the sources of another version can be older than the objects of the last one.  Its name goes
# into .galloc-copied, for make clean.
define copy
mkdir -p '$(out)'
@find . \( -name .git -o -path ./build -o -samefile '$(out)' \) -prune -o \
	-type f \( -name '*.[ch]' -o -name Kbuild \) ! -name '*.mod.c' \
	-exec sh -c 'for file; do \
		cmp -s "$$file" "$$0/$$file" && continue; \
		mkdir -p "$$0/$${file%/*}" && echo "$$file" >>"$$0/.galloc-copied" && \
			cp --no-preserve=mode "$$file" "$$0/$$file" || exit; \
	done' '$(out)' {} +
endef

.PHONY: modules modules_install
modules:
	$(refuse)
	$(if $(MO)$(shell [ ! -w . ] || echo y),,$(error '$(CURDIR)' cannot be written, and kbuild writes \
		beside the sources: copy the tree, or set MO=directory))
	$(refuse_there)
	$(if $(filter-out $(CURDIR),$(out)),$(copy))
	$(MAKE) $(kbuild) modules

# kbuild's own target, for packagers: the module alone, signed and compressed.
modules_install:
	$(refuse)
	$(if $(word 2,$(call absolute,$(root))),$(error kbuild cannot install into '$(call absolute,$(root))': it has a space))
	$(MAKE) $(kbuild) $(if $(root),INSTALL_MOD_PATH='$(abspath $(root))') modules_install

# As in kbuild: 1 means --strip-debug, other values are options for strip.
# LLVM, as there, can be the end of the names of its tools or the folder that they are in.
llvm_of	= $(or $(LLVM),$(patsubst LLVM=%,%,$(filter LLVM=%,$(llvm))))
STRIP	= $(if $(llvm_of),$(filter %/,$(llvm_of))llvm-strip$(filter -%,$(llvm_of)),$(CROSS_COMPILE)strip)
do_strip	= $(STRIP) $(if $(filter 1,$(INSTALL_MOD_STRIP)),--strip-debug,$(INSTALL_MOD_STRIP))
# Only for a kernel of this machine, not for another root file system.  After su the PATH is
# that of the user, which has no sbin.
depmod	= $(if $(root)$(filter command% environment%,$(origin MODLIB)),,PATH="$$PATH:/usr/sbin:/sbin" $(or \
	  $(DEPMOD),depmod) '$(KREL)')

# New directories are readable by all users, whatever the umask is.
.PHONY: install uninstall
install: modules
	umask 022 && install -D -m 644 -t '$(MODDIR)' '$(out)/galloc.ko'
	$(if $(INSTALL_MOD_STRIP),$(do_strip) '$(MODDIR)/galloc.ko')
	umask 022 && install -D -m 644 -t '$(DEVDIR)/include' include/*.h
	umask 022 && install -D -m 644 -t '$(DEVDIR)' '$(out)/Module.symvers'
	@umask 022 && mkdir -p '$(DESTDIR)$(PREFIX)/include' && cd '$(DESTDIR)$(PREFIX)/include' && \
		if [ -L galloc ] || [ ! -e galloc ]; then ln -sfn '$(HEADERS)' galloc; fi
	$(depmod)

# For one kernel: leave the files of others.
uninstall:
	$(if $(KREL),,$(error unknown kernel: set KREL=release))
	rm -f '$(MODDIR)/galloc.ko'
	rm -f '$(DEVDIR)/include/'galloc*.h
	rm -f '$(DEVDIR)/Module.symvers'
	@for dir in '$(DEVDIR)/include' '$(DEVDIR)' '$(DESTDIR)$(PREFIX)/lib/galloc'; do \
		[ ! -d "$$dir" ] || rmdir --ignore-fail-on-non-empty "$$dir"; \
	done
	@cd '$(DESTDIR)$(PREFIX)/include' 2>/dev/null || exit 0; \
		[ "$$(readlink galloc)" = '$(HEADERS)' ] || exit 0; \
		rm galloc; \
		next=$$(ls ../lib/galloc/*/include/galloc.h 2>/dev/null | sort -V | tail -n 1); \
		[ -z "$$next" ] || ln -s "$${next%/*}" galloc
	$(depmod)

.PHONY: dkms deb release
dkms:
	@DESTDIR='$(DESTDIR)' $(if $(filter command% environment%,$(origin KREL)),KREL='$(KREL)') tools/ship/dkms.sh $(SAMPLES)

deb:
	@tools/ship/deb.sh

release:
	@tools/ship/release.sh $(if $(VERSION),'$(subst ','\'',$(VERSION))')

# What was copied to MO and built of it there; other files may be there, too, and other modules.
define uncopy
@cd '$(out)' 2>/dev/null && [ -f .galloc-copied ] || exit 0; \
	for file in ./galloc.ko ./kunit/galloc_kunit.ko ./kunit/galloc_kunit_guest.ko ./modules.order \
			./kunit/modules.order ./Module.symvers ./.module-common.o $$(sort -u .galloc-copied); do \
		name=$${file##*/} dir=$${file%/*}; name=$${name%.*}; \
		rm -f "$$file" "$$dir/$$name.o" "$$dir/$$name.mod" "$$dir/$$name.mod.c" "$$dir/$$name.mod.o" \
			"$$dir/.$$name".*.cmd "$$dir/.$$name".*.d; \
	done; \
	sed -n 's|^\./\(.*\)/[^/]*$$|\1|p' .galloc-copied | sort -ru | xargs -r rmdir -p 2>/dev/null; \
	rm -f .galloc-copied; \
	rmdir --ignore-fail-on-non-empty '$(out)'
endef

.PHONY: clean
clean:
	$(call refuse_others,build)
	rm -rf build .tmp_versions
	find . -name .git -prune -o -type f \( $(outputs) \) -exec rm -f {} +
	$(if $(MO),$(uncopy))
