# SPDX-License-Identifier: GPL-2.0
"""What wss and wstat share: sock_diag, its filters, how a socket is shown."""
