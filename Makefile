# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# For people; Kbuild beside it is for kbuild.  `make help` lists the targets.

# Two targets in one command are made one after the other, as for clean and modules.
.NOTPARALLEL:

# KDIR is where the kernel's headers or source are, and O where it was built, if that
# is another folder; or KREL is its release, as `uname -r` says it.  Yocto says
# KERNEL_SRC, and no target.
ifdef KERNEL_SRC
.DEFAULT_GOAL := modules
KDIR	?= $(KERNEL_SRC)
endif
objects	= $(or $(O),$(KBUILD_OUTPUT),$(KDIR))
ifdef KDIR
# Debian's `make kernelrelease` says less than the release, so it is read from what the
# headers were made with.
KREL	?= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	     '$(objects)/include/generated/utsrelease.h' 2>/dev/null)
else
KREL	?= $(shell uname -r)
KDIR	:= /lib/modules/$(KREL)/build
endif

PREFIX	?= /usr/local
# With INSTALL_MOD_PATH alone nothing goes anywhere else.
DESTDIR	?= $(INSTALL_MOD_PATH)
root	= $(or $(INSTALL_MOD_PATH),$(DESTDIR))
MODLIB	?= $(root)/lib/modules/$(KREL)
MODDIR	= $(MODLIB)/$(or $(INSTALL_MOD_DIR),updates)
# What clients are built with: the header and the list of symbols, of one kernel.
DEVDIR	= $(DESTDIR)$(PREFIX)/lib/galloc/$(KREL)
# The header of the kernel that was installed for last, for those who look where headers
# usually are.
HEADERS	= ../lib/galloc/$(KREL)/include

# kbuild exports its own idea of these to the tools we run.
unexport KREL KDIR

# on OPTION: if this kernel was built with it.  is FILE: if it is there; a name may have
# a space, which none of make's own functions allows.
on	= $(shell grep -sx 'CONFIG_$(1)=y' '$(objects)/include/config/auto.conf')
is	= $(shell [ ! -e '$(1)' ] || echo y)
has	= $(shell command -v $(1) 2>/dev/null)

# A kernel that clang built takes its modules from clang, of the same version if that is
# here, unless LLVM= or CC= say otherwise.
ifeq ($(LLVM)$(filter command% environment%,$(origin CC)),)
ifneq ($(call on,CC_IS_CLANG),)
clang	:= -$(shell sed -n 's/^CONFIG_CLANG_VERSION=\(.*\)....$$/\1/p' '$(objects)/include/config/auto.conf')
clang	:= $(if $(call has,clang$(clang)),$(clang))
llvm	:= $(if $(call on,LD_IS_LLD),LLVM=$(or $(clang),1),CC=clang$(clang))
endif
endif

# Type information, as bpftrace wants it: if the kernel has some and what makes it is
# there; else kbuild would say that it skips it, or stop.  BTF=y wants it, BTF=n does not.
btf	= $(if $(call on,DEBUG_INFO_BTF_MODULES),,the kernel was built without \
	    CONFIG_DEBUG_INFO_BTF_MODULES) \
	  $(if $(call is,$(objects)/vmlinux),,there is no $(objects)/vmlinux) \
	  $(if $(call has,pahole),,pahole is not installed) \
	  $(if $(call is,$(objects)/$(btfids)),,there is no $(objects)/$(btfids))
btfids	= tools/bpf/resolve_btfids/resolve_btfids

# Quoted, since there may be a space in KDIR; in the path of the tree there must be none.
# KCFLAGS also reach what kbuild compiles by itself: two builds are equal wherever they
# are made.
kbuild	= -C '$(KDIR)' M='$(CURDIR)' $(if $(DEBUG),GALLOC_DEBUG=y) $(llvm) \
	  KCFLAGS='$(KCFLAGS) -ffile-prefix-map=$(CURDIR)=.' \
	  $(if $(filter y,$(BTF))$(if $(filter n,$(BTF)),,$(if $(strip $(btf)),,y)),,CONFIG_DEBUG_INFO_BTF_MODULES=)

.PHONY: help
help:
	@echo 'make run [TEXT=file]  galloc and a client on a stock kernel in QEMU'
	@echo 'make check            all tests (KERNELS="6.1 6.12 7.3": on all kernels)'
	@echo 'make kunit            the KUnit suites, in user-mode Linux'
	@echo 'make coverage         which lines and branches these run'
	@echo 'make model            the spin model of the span protocol'
	@echo 'make mutants          galloc with one line broken at a time: caught?'
	@echo 'make hosttest         the tests that need no kernel'
	@echo 'make lint             warnings, sparse, checkpatch, kernel-doc, clang'
	@echo 'make trace            what a stock kernel allocates at work, into build/trace'
	@echo 'make trace-doc        three of them, into tools/trace and Documentation'
	@echo 'make bench [TRACE=f]  time and memory, galloc and its peers, into build/bench'
	@echo 'make bench-doc        its report, into Documentation'
	@echo 'make bench-here       native times, here and now; root, asks first'
	@echo 'make fastpath-doc     Documentation/fastpath.rst, from galloc.ko'
	@echo 'make modules          galloc.ko for the running kernel (KDIR=, KREL=)'
	@echo 'make install          module, headers, symbols (PREFIX=, DESTDIR=, INSTALL_MOD_STRIP=)'
	@echo 'make uninstall        the reverse, for the same kernel'
	@echo 'make modules_install  the module alone, by kbuild (INSTALL_MOD_PATH=)'
	@echo 'make sizeclasses      the table of size classes (PAGE_SIZE=)'
	@echo 'make clean            removes build/ and what kbuild made here'
	@echo 'DEBUG=1               builds with lock depth checks'
	@echo 'BTF=y                 wants type information; by default if it can be had'

.PHONY: run check kunit coverage mutants model hosttest bench bench-doc bench-here sizeclasses lint
.PHONY: trace trace-doc
run:
	@tools/run.sh $(if $(TEXT),"$(TEXT)")

check:
	@tools/check.sh

kunit:
	@tools/kunit.sh

coverage:
	@tools/coverage.sh

mutants:
	@tools/mutants/run.sh

model:
	@tools/model/run.sh

hosttest:
	@tools/test/run.sh
	@tools/test/trace.sh

trace:
	@tools/trace/record.sh

trace-doc:
	@tools/trace/doc.sh

bench:
	@tools/bench/run.sh

bench-doc:
	@[ -e build/bench/performance.rst ] || { echo 'type make bench first' >&2; exit 1; }
	cp build/bench/performance.rst build/bench/*.svg Documentation

bench-here:
	@tools/bench/here.sh

sizeclasses:
	@tools/sizeclasses.sh

lint:
	@tools/lint.sh

.PHONY: fastpath-doc
fastpath-doc:
	@tools/fastpath.sh --doc

# What kbuild would say of these is long, or something else.
define refuse
$(if $(findstring :,$(CURDIR))$(word 2,$(CURDIR)),$(error kbuild cannot build in \
	'$(CURDIR)': move the tree to a path without spaces and colons))
$(if $(call is,$(KDIR)/Makefile),,$(error no kernel headers in '$(KDIR)': install them$(if \
	$(KREL), (linux-headers-$(KREL))), or say KDIR=folder))
$(if $(KREL),,$(error no release of a kernel in '$(objects)/include/generated/utsrelease.h': \
	say O=folder if the kernel was built in another one than KDIR))
$(if $(filter y,$(BTF)),$(if $(strip $(btf)),$(error BTF=y: $(strip $(btf)))))
endef

.PHONY: modules modules_install
modules:
	$(if $(shell [ ! -w . ] || echo y),,$(error '$(CURDIR)' cannot be written, and kbuild writes beside \
		the sources: copy the tree))
	$(refuse)
	$(MAKE) $(kbuild) modules

# kbuild's own, for packagers: the module alone, signed and compressed as the kernel's are.
modules_install:
	$(refuse)
	$(if $(word 2,$(root)),$(error kbuild cannot install into '$(root)': it has a space))
	$(MAKE) $(kbuild) $(if $(root),INSTALL_MOD_PATH='$(root)') modules_install

# As kbuild's does: 1 is --strip-debug, all else is what strip is told.
STRIP	= $(if $(LLVM)$(llvm),llvm-strip,$(CROSS_COMPILE)strip)
do_strip	= $(STRIP) $(if $(filter 1,$(INSTALL_MOD_STRIP)),--strip-debug,$(INSTALL_MOD_STRIP))
# Of the kernel that runs, and of no root file system of another machine.
depmod	= $(if $(root)$(filter command% environment%,$(origin MODLIB)),,$(or \
	  $(DEPMOD),depmod) '$(KREL)')

# Folders that are made are for everybody, whatever the umask is.
.PHONY: install uninstall
install: modules
	umask 022 && install -D -m 644 -t '$(MODDIR)' galloc.ko
	$(if $(INSTALL_MOD_STRIP),$(do_strip) '$(MODDIR)/galloc.ko')
	umask 022 && install -D -m 644 -t '$(DEVDIR)/include' include/galloc.h include/galloc_sizeclass.h
	umask 022 && install -D -m 644 -t '$(DEVDIR)' Module.symvers
	@umask 022 && mkdir -p '$(DESTDIR)$(PREFIX)/include' && cd '$(DESTDIR)$(PREFIX)/include' && \
		if [ -L galloc ] || [ ! -e galloc ]; then ln -sfn '$(HEADERS)' galloc; fi
	$(depmod)

# For one kernel: what others have stays.
uninstall:
	$(if $(KREL),,$(error which kernel? say KREL=release))
	rm -f '$(MODDIR)/galloc.ko'
	rm -f '$(DEVDIR)/include/galloc.h' '$(DEVDIR)/include/galloc_sizeclass.h'
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

.PHONY: clean
clean:
	rm -rf build .tmp_versions
	find . -name .git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' -o -name modules.order \
		-o -name Module.symvers \) -exec rm -f {} +
