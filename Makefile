# SPDX-License-Identifier: GPL-2.0
# For people; Kbuild beside it is for kbuild.  `make help` lists the targets.

# KREL names a kernel, or KDIR its headers.  Debian's `make kernelrelease` says
# less than the release, so it is read from what the headers were made with.
ifdef KDIR
KREL	?= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	     $(KDIR)/include/generated/utsrelease.h)
else
KREL	?= $(shell uname -r)
KDIR	:= /lib/modules/$(KREL)/build
endif
PREFIX	?= /usr/local
MODDIR	:= $(DESTDIR)/lib/modules/$(KREL)/updates
INCDIR	:= $(DESTDIR)$(PREFIX)/include/galloc
SYMDIR	:= $(DESTDIR)$(PREFIX)/lib/galloc/$(KREL)

# kbuild exports its own idea of these to the tools we run.
unexport KREL KDIR

.PHONY: help
help:
	@echo 'make run [TEXT=file]  galloc and a client on a stock kernel in QEMU'
	@echo 'make check            all tests (KERNELS="6.1 6.12 7.3": on all kernels)'
	@echo 'make kunit            the KUnit suites, in user-mode Linux'
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
	@echo 'make install          module, header, symbols (PREFIX=, DESTDIR=)'
	@echo 'make uninstall        the reverse'
	@echo 'make sizeclasses      the table of size classes (PAGE_SIZE=)'
	@echo 'make clean            removes build/ and what kbuild made here'
	@echo 'DEBUG=1               builds with lock depth checks'

.PHONY: run check kunit mutants model hosttest bench bench-doc bench-here sizeclasses lint
.PHONY: trace trace-doc
run:
	@tools/run.sh $(if $(TEXT),"$(TEXT)")

check:
	@tools/check.sh

kunit:
	@tools/kunit.sh

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

.PHONY: modules
modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(DEBUG),GALLOC_DEBUG=y) \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules

.PHONY: install uninstall
install: modules
	install -D -m 644 -t $(MODDIR) galloc.ko
	install -D -m 644 -t $(INCDIR) include/galloc.h include/galloc_sizeclass.h
	install -D -m 644 -t $(SYMDIR) Module.symvers
	$(if $(DESTDIR),,depmod $(KREL))

uninstall:
	rm -f $(MODDIR)/galloc.ko
	rm -f $(INCDIR)/galloc.h $(INCDIR)/galloc_sizeclass.h
	rm -f $(SYMDIR)/Module.symvers
	-rmdir $(INCDIR) $(SYMDIR) $(dir $(SYMDIR)) 2>/dev/null
	$(if $(DESTDIR),,depmod $(KREL))

.PHONY: clean
clean:
	rm -rf build
	rm -rf *.o *.ko *.mod *.mod.c .*.cmd .tmp_versions kunit/*.o kunit/*.ko \
		kunit/*.mod kunit/*.mod.c kunit/.*.cmd Module.symvers modules.order
