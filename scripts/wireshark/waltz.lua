-- SPDX-License-Identifier: GPL-2.0
--
-- Wireshark: Waltz is TCP's segment with another protocol number, so TCP's dissector
-- does the work (streams, relative numbers, analysis, following a stream, programs'
-- protocols). What differs is the checksum, whose pseudo header has the number in it.
--
-- make install-dissector, or: tshark -X lua_script:scripts/wireshark/waltz.lua ...

local waltz = Proto("waltz", "Waltz")

local NUMBERS = { { 1, "253", 253 }, { 2, "254", 254 } }
waltz.prefs.protocol = Pref.enum("IP protocol", 253,
	"The module's parameter \"protocol\"", NUMBERS, false)

local GOOD, BAD, PARTIAL, UNVERIFIED = 1, 0, 4, 2
local STATUS = { [GOOD] = "Good", [BAD] = "Bad", [UNVERIFIED] = "Unverified",
	[PARTIAL] = "Partial: left to the sender's hardware" }

local f = waltz.fields
f.checksum = ProtoField.uint16("waltz.checksum", "Checksum", base.HEX)
f.status = ProtoField.uint8("waltz.checksum.status", "Checksum Status", base.DEC, STATUS)
local bad_checksum = ProtoExpert.new("waltz.checksum.bad", "Bad checksum",
	expert.group.CHECKSUM, expert.severity.ERROR)
waltz.experts = { bad_checksum }

local field_source = Field.new("ip.src")
local field_destination = Field.new("ip.dst")
local field_more = Field.new("ip.flags.mf")
local field_offset = Field.new("ip.frag_offset")
local tcp = Dissector.get("tcp")
local TCP = 6

-- Ones' complement.
local function fold(sum)
	while sum > 0xffff do
		sum = bit.band(sum, 0xffff) + bit.rshift(sum, 16)
	end
	return sum
end

local function sum_of(range)
	local bytes, sum = range:bytes(), 0

	for i = 0, bytes:len() - 2, 2 do
		sum = sum + bytes:get_index(i) * 256 + bytes:get_index(i + 1)
	end
	if bytes:len() % 2 == 1 then
		sum = sum + bytes:get_index(bytes:len() - 1) * 256
	end
	return fold(sum)
end

-- Of the innermost header there is.
local function last(field)
	local all = { field() }

	return all[#all]
end

-- What the checksum is worth.
local function status_of(tvb, protocol)
	local source, destination = last(field_source), last(field_destination)
	local pseudo

	-- Of a fragment, or of the beginning alone, nothing can be said.
	if not source or tvb:len() < tvb:reported_len() or last(field_more).value or
	    last(field_offset).value ~= 0 then
		return UNVERIFIED
	end
	pseudo = fold(sum_of(source.range) + sum_of(destination.range) + protocol + tvb:len())
	if fold(pseudo + sum_of(tvb:range())) == 0xffff then
		return GOOD
	end
	if tvb(16, 2):uint() == pseudo then
		return PARTIAL
	end
	return BAD
end

-- The checksum that TCP would have there: good if it was good, bad if it was bad, and
-- the pseudo header's sum if it was that.
local function with_tcp_checksum(tvb, protocol, status)
	local bytes = tvb:range():bytes()
	local change = status == PARTIAL and TCP - protocol or protocol - TCP
	local sum = fold(tvb(16, 2):uint() + change + 0xffff)

	bytes:set_index(16, bit.rshift(sum, 8))
	bytes:set_index(17, bit.band(sum, 0xff))
	return bytes:tvb("Waltz as TCP")
end

local function checks_wanted()
	-- Not known to old versions; there it is off unless somebody asks for it.
	local ok, value = pcall(function()
		return get_preference("tcp.check_checksum")
	end)

	return ok and value
end

function waltz.dissector(tvb, pinfo, tree)
	local protocol = waltz.prefs.protocol
	local status, item, column

	if tvb:len() < 20 then
		return 0
	end
	status = status_of(tvb, protocol)
	item = tree:add(waltz, tvb(0, math.min(tvb(12, 1):bitfield(0, 4) * 4, tvb:len())))
	item:append_text(string.format(", IP protocol %d, a segment of TCP's form", protocol))
	item:add(f.checksum, tvb(16, 2))
	item:add(f.status, tvb(16, 2), status):set_generated()
	if status == BAD then
		item:add_proto_expert_info(bad_checksum)
	end

	if checks_wanted() and status ~= UNVERIFIED then
		tvb = with_tcp_checksum(tvb, protocol, status)
	end
	tcp:call(tvb, pinfo, tree)

	-- What a program speaks over it is shown as such.
	column = tostring(pinfo.cols.protocol)
	if column == "TCP" or column == "(protocol)" then
		pinfo.cols.protocol = "WALTZ"
	end
	return tvb:len()
end

local table_of_ip = DissectorTable.get("ip.proto")
local registered

local function register()
	if registered then
		table_of_ip:remove(registered, waltz)
	end
	registered = waltz.prefs.protocol
	table_of_ip:add(registered, waltz)
end

waltz.prefs_changed = register
register()
