# SPDX-License-Identifier: GPL-2.0
#
# For people: `make help`.  The kernel's own build reads Kbuild instead.

PREFIX ?= /usr/local

# Where to build against: the headers of the running kernel, else the newest
# that are installed; with KERNEL=X.Y those of that series, fetched if need be.
# Looked for only when it is used, and only once, hence the eval.
KDIR ?= $(eval KDIR := $(shell $(find-kdir)))$(KDIR)

ifneq ($(KERNEL),)
find-kdir = scripts/kernel.sh headers $(KERNEL)
else
find-kdir = for d in "/lib/modules/$$(uname -r)" \
		$$(printf '%s\n' /lib/modules/* | sort -rV); do \
		[ -e "$$d/build/Makefile" ] && echo "$$d/build" && break; \
	done
endif

kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DLIL=m CONFIG_DLIL_IMPAIR=m
# Debian's headers know their release by this file alone.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h)

.PHONY: all modules tool samples kunit vmtest test test-debug test-kcsan fuzz \
	mutate bench bench-native check demo shell install uninstall clean help kdir

all: modules tool	## the module and dlilctl (what plain `make` does)

modules: kdir		## dlil.ko and dlil_impair.ko
	+$(kbuild) modules

tool:			## tools/dlilctl/dlilctl
	+$(MAKE) -C tools/dlilctl

samples: modules samples/echo-client	## the sample modules, and a client
	+$(kbuild) CONFIG_DLIL_SAMPLE=m modules

samples/echo-client: samples/echo-client.c samples/dlil_sample.h
	$(CC) -O2 -Wall -Wextra $(CFLAGS) $(LDFLAGS) -o $@ $<

kdir:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "No kernel headers are installed to build dlil.ko with."; \
		echo "Install them (Debian: apt-get install linux-headers-amd64),"; \
		echo "or give their folder (make KDIR=...), or a kernel series"; \
		echo "to fetch them for (make KERNEL=6.1).  make demo and"; \
		echo "make test fetch all that they need themselves."; \
		exit 1; \
	} >&2

demo:			## watch DLIL at work in a virtual machine
	@scripts/demo.sh

test:			## kunit and vmtest
	@scripts/tally.sh test scripts/kunit.sh scripts/vmtest.sh

kunit:			## unit tests, in User Mode Linux with KASAN and lockdep
	@scripts/kunit.sh

vmtest:			## functional tests on a stock kernel in a virtual machine
	@scripts/vmtest.sh

test-debug:		## all of it on a kernel with KASAN and more, chaos, faults
	@scripts/test-debug.sh kasan

test-kcsan:		## the same on a kernel that looks for data races
	@scripts/test-debug.sh kcsan

fuzz:			## odd packets and netlink messages, on the stock kernel
	@scripts/fuzz/fuzz.sh

mutate:			## break the module on purpose, and see which test notices
	@scripts/mutate.sh

bench:			## what a packet costs, in instructions, and pictures of it
	@scripts/bench.sh

bench-native:		## how long it takes, in User Mode Linux and on 4 processors
	@scripts/bench-native.sh

check:			## warnings, sparse, checkpatch, documentation, style
	@scripts/check.sh

shell:			## a root shell in the virtual machine, DLIL loaded
	@scripts/shell.sh

install: all		## install module, tool and manual page (PREFIX, DESTDIR)
	+$(kbuild) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates \
		modules_install
	$(if $(DESTDIR),,depmod $(release))
	+$(MAKE) -C tools/dlilctl install PREFIX=$(PREFIX)

uninstall: kdir		## undo install
	rm -f $(DESTDIR)/lib/modules/$(release)/updates/dlil.ko* \
		$(DESTDIR)/lib/modules/$(release)/updates/impair/dlil_impair.ko* \
		$(DESTDIR)$(PREFIX)/sbin/dlilctl \
		$(DESTDIR)$(PREFIX)/share/man/man8/dlilctl.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/dlilctl
	$(if $(DESTDIR),,depmod $(release))

clean:			## remove what was built here, not the cache
	find . -name .git -prune -o -type f \( -name '*.o' -o -name '*.ko' \
		-o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' \
		-o -name Module.symvers -o -name modules.order \) \
		-exec rm -f {} +
	rm -rf build samples/echo-client
	+$(MAKE) -C tools/dlilctl clean

help:			## this list
	@awk -F ':.*## ' '/^[a-z\/-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)
	@echo
	@echo "  KERNEL=6.12   another kernel series than the distribution's"
	@echo "  KDIR=folder   kernel headers or build folder for all, modules, samples"
	@echo "  W=1, C=2      passed on to the kernel's build: warnings, sparse"
