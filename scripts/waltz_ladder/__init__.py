# SPDX-License-Identifier: GPL-2.0
"""Ladder diagrams of connections: what scripts/ladder is made of.

  trace          text of tracefs to events
  pcap           captures to packets
  deduce         packets to events: who sent, who received, which state that was
  life           events to rows, as they come: a whole life in chapters
  every          events to rows, one for each segment
  conversations  which events belong to which connection, and which are wanted
  rows           what is drawn
  text           rows to a terminal, or to a mail
  svg            rows to a picture
  live           tracefs itself
  cli            the program

Events know nothing of rows, rows nothing of how they are drawn.
"""
