# SPDX-License-Identifier: GPL-2.0
#
#   make                      waltz.ko and waltz_diag.ko for the running kernel
#   make KERNEL=6.12          for a test kernel (6.1, 6.12 or a full release; see scripts/deps)
#   make KDIR=/path           for any other kernel: its build directory or headers
#   make W=1 C=2              as for the kernel: more warnings, sparse
#   make waltzize             what runs programs over Waltz: scripts/waltzize
#   make all                  both
#   make install | uninstall  the module (below INSTALL_MOD_PATH), and in PREFIX (/usr/local)
#                             what INSTALLED lists; all below DESTDIR. install-NAME: one alone
#   make deb                  Debian packages waltz-dkms and waltz-tools, in build/deb
#   make install-dissector | uninstall-dissector   where Wireshark looks for it
#   make docs                 Documentation/ as HTML, in build/docs
#   make lint | check | vm | demo | clean
#
# The objects of a kernel lie in build/<release>/, the modules are
# build/<release>/waltz*.ko; `make` without KERNEL or KDIR also puts links to them here.

WALTZ_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/waltz

ifdef KERNEL
  KDIR := $(WALTZ_CACHE)/kernels/$(KERNEL)/headers
else
  native := $(if $(KDIR),,1)
  KDIR ?= /lib/modules/$(shell uname -r)/build
endif

release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
BUILD ?= build
objdir = $(CURDIR)/$(BUILD)/$(release)

# Some kernels have pahole describe a module's types for BPF, and then cannot
# build one without pahole.
no-btf = $(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=)

.PHONY: module all waltzize tree deb docs clean lint check vm demo

module: tree
	$(MAKE) -C $(KDIR) M=$(objdir) $(no-btf) modules
	$(if $(native),@ln -sf build/$(release)/waltz*.ko .)

# Kbuild puts objects beside sources, so each kernel gets a directory of links
# to the sources: two kernels never mix.
tree:
	@test -n "$(release)" || { echo "make: no kernel headers in $(KDIR): install them, or run scripts/deps and say KERNEL=6.1" >&2; exit 1; }
	@mkdir -p $(objdir)/module
	@ln -sf $(CURDIR)/Kbuild $(objdir)/Kbuild
	@ln -sfn $(CURDIR)/module/* $(objdir)/module/
	@find $(objdir) -xtype l -delete

all: module waltzize

# ---- for user space

PREFIX ?= /usr/local
bindir ?= $(PREFIX)/bin
libdir ?= $(PREFIX)/lib
mandir ?= $(PREFIX)/share/man
WALTZIZE_CFLAGS = -O2 -g -Wall -Wextra $(CFLAGS)

waltzize: build/waltzize.so build/waltzize-exec

# Two at once: each builds its own, and the last one stays.
build/waltzize.so: scripts/waltzize.c module/uapi/waltz.h
	@mkdir -p build
	$(CC) $(WALTZIZE_CFLAGS) -shared -fPIC $(LDFLAGS) -o $@.$$$$ $< -ldl && mv $@.$$$$ $@

build/waltzize-exec: scripts/waltzize-exec.c scripts/waltzize-bpf.c scripts/waltzize-exec.h
	@mkdir -p build
	$(CC) $(WALTZIZE_CFLAGS) $(LDFLAGS) -o $@.$$$$ $(filter %.c,$^) && mv $@.$$$$ $@

# ---- to install

# What there is beside the module: each has its install-NAME and uninstall-NAME.
INSTALLED = waltzize ladder wss header man
MANS = $(wildcard Documentation/man/*.7)

includedir ?= $(PREFIX)/include
srcdir ?= /usr/src
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

# Where modules go: $(INSTALL_MOD_PATH)/lib/modules/<release>/updates, which depmod
# prefers. Below DESTDIR it is for a package to run depmod, when it is unpacked.
INSTALL_MOD_PATH ?= $(DESTDIR)
modules = $(patsubst %.o,%.ko,$(shell sed -n 's/^obj-[^=]*= *//p' Kbuild))
moddir = $(INSTALL_MOD_PATH)/lib/modules/$(release)/updates
run-depmod = $(if $(DESTDIR),,PATH=$$PATH:/usr/sbin:/sbin depmod $(INSTALL_MOD_PATH:%=-b %) $(release))

.PHONY: install uninstall install-tools uninstall-tools install-dkms uninstall-dkms
.PHONY: $(foreach n,module dissector $(INSTALLED),install-$(n) uninstall-$(n))

install: install-module install-tools
uninstall: uninstall-module uninstall-tools
install-tools: $(INSTALLED:%=install-%)
uninstall-tools: $(INSTALLED:%=uninstall-%)

# Headers have neither the key that a distribution signs with, nor the System.map
# without which modules_install leaves depmod out (and warns).
install-module: module
	$(MAKE) -C $(KDIR) M=$(objdir) INSTALL_MOD_PATH=$(abspath $(INSTALL_MOD_PATH)) \
		INSTALL_MOD_DIR=updates CONFIG_MODULE_SIG_ALL= $(no-btf) modules_install
	$(run-depmod)

uninstall-module: tree
	rm -f $(addsuffix *,$(addprefix $(moddir)/,$(modules)))
	$(run-depmod)

install-waltzize: waltzize
	install -D -m 755 -t $(DESTDIR)$(libdir)/waltz build/waltzize.so build/waltzize-exec
	sed "s|^libdir=.*|libdir='$(libdir)'|" scripts/waltzize >build/waltzize
	install -D -m 755 -t $(DESTDIR)$(bindir) build/waltzize
	install -D -m 644 -t $(DESTDIR)$(mandir)/man1 Documentation/man/waltzize.1

uninstall-waltzize:
	rm -f $(DESTDIR)$(bindir)/waltzize $(DESTDIR)$(mandir)/man1/waltzize.1
	rm -f $(addprefix $(DESTDIR)$(libdir)/waltz/,waltzize.so waltzize-exec)
	[ ! -d $(DESTDIR)$(libdir)/waltz ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(libdir)/waltz

install-ladder:
	install -D -m 644 -t $(DESTDIR)$(libdir)/waltz/waltz_ladder scripts/waltz_ladder/*.py
	install -D -m 755 -t $(DESTDIR)$(libdir)/waltz scripts/ladder
	install -d $(DESTDIR)$(bindir)
	ln -sfn $(libdir)/waltz/ladder $(DESTDIR)$(bindir)/waltz-ladder
	install -D -m 644 Documentation/man/ladder.1 $(DESTDIR)$(mandir)/man1/waltz-ladder.1

uninstall-ladder:
	rm -f $(DESTDIR)$(bindir)/waltz-ladder $(DESTDIR)$(mandir)/man1/waltz-ladder.1
	rm -rf $(DESTDIR)$(libdir)/waltz/waltz_ladder $(DESTDIR)$(libdir)/waltz/ladder
	[ ! -d $(DESTDIR)$(libdir)/waltz ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(libdir)/waltz

# For all users if root says so, else for this one. PLUGINS names another directory.
plugins-of = $(if $(filter 0,$(shell id -u)),Global,Personal)
PLUGINS ?= $(shell tshark -G folders 2>/dev/null | sed -n 's/^$(plugins-of) Lua Plugins:[[:space:]]*//p')

install-dissector:
	@test -n "$(PLUGINS)" || { echo "make: no tshark that says where its plugins are: install it, or say PLUGINS=DIRECTORY" >&2; exit 1; }
	install -D -m 644 -t $(DESTDIR)$(PLUGINS) scripts/wireshark/waltz.lua

uninstall-dissector:
	@test -n "$(PLUGINS)" || { echo "make: say PLUGINS=DIRECTORY" >&2; exit 1; }
	rm -f $(DESTDIR)$(PLUGINS)/waltz.lua

# Python as it is: nothing to build.
install-wss:
	@mkdir -p build
	install -D -m 644 -t $(DESTDIR)$(libdir)/waltz/waltz_tools scripts/waltz_tools/*.py
	for tool in wss wstat; do \
		sed "s|^LIBRARY = .*|LIBRARY = '$(libdir)/waltz'|" scripts/$$tool >build/$$tool && \
		install -D -m 755 -t $(DESTDIR)$(bindir) build/$$tool || exit; \
	done
	install -D -m 644 -t $(DESTDIR)$(mandir)/man8 Documentation/man/wss.8 Documentation/man/wstat.8

uninstall-wss:
	rm -f $(addprefix $(DESTDIR)$(bindir)/,wss wstat)
	rm -f $(addprefix $(DESTDIR)$(mandir)/man8/,wss.8 wstat.8)
	rm -rf $(DESTDIR)$(libdir)/waltz/waltz_tools
	[ ! -d $(DESTDIR)$(libdir)/waltz ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(libdir)/waltz

install-header:
	install -D -m 644 -t $(DESTDIR)$(includedir) module/uapi/waltz.h

uninstall-header:
	rm -f $(DESTDIR)$(includedir)/waltz.h

install-man:
	install -D -m 644 -t $(DESTDIR)$(mandir)/man7 $(MANS)

uninstall-man:
	rm -f $(addprefix $(DESTDIR)$(mandir)/man7/,$(notdir $(MANS)))

# The source, for dkms to build: dkms install waltz/VERSION
dkmsdir = $(DESTDIR)$(srcdir)/waltz-$(VERSION)

install-dkms:
	install -D -m 644 -t $(dkmsdir) Kbuild dkms.conf
	install -D -m 644 -t $(dkmsdir)/module $(wildcard module/*.[ch])
	install -D -m 644 -t $(dkmsdir)/module/uapi $(wildcard module/uapi/*.h)

uninstall-dkms:
	rm -rf $(dkmsdir)

# From a copy, as dpkg-buildpackage puts its results beside the source.
deb:
	rm -rf build/deb
	mkdir -p build/deb/waltz-$(VERSION)
	tar -c --exclude=./build --exclude=./.git --exclude='*.ko' --exclude=__pycache__ . | \
		tar -x -C build/deb/waltz-$(VERSION)
	cd build/deb/waltz-$(VERSION) && dpkg-buildpackage --build=binary --no-sign
	rm -rf build/deb/waltz-$(VERSION)

docs:
	scripts/docs

clean:
	rm -rf build waltz.ko waltz_diag.ko

lint:
	scripts/lint

check:
	scripts/check

vm:
	scripts/vm

demo:
	scripts/demo
