"""
What Valkey does with a quota, in one step for each request, by its own clock.

Each rank has a log of its grants, beside one log of all; each class has a queue of tickets, a share of its limit and a
bucket of tokens. A ticket whose owner died leaves the queue when its lease runs out.
"""

from __future__ import annotations

from typing import Final

LIBRARY: Final = """
local function clock()
    local time = server.call('TIME')
    return time[1] * 1000 + time[2] / 1000
end

-- The share of its limit that a class has again by now, and the tokens in its bucket.
local function class_now(key, limit, now, window, regain)
    local kept = server.call('HMGET', key, 'tokens', 'at', 'share', 'share_at', 'held_until')
    local share = math.min(1, (tonumber(kept[3]) or 1) + math.max(0, now - (tonumber(kept[4]) or now)) / regain)
    local most = math.max(1, limit * share)
    local rate = most / window
    local tokens = math.min(most, (tonumber(kept[1]) or most) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
    local held = math.max(0, (tonumber(kept[5]) or 0) - now)
    return { share = share, share_at = tonumber(kept[4]) or 0, tokens = tokens, rate = rate, held = held,
        ready = held > 0 and 0 or math.floor(tokens) }
end
"""

KEPT: Final = """
-- Kept at least so long: what was asked to be held for longer stays.
local function keep(key, milliseconds)
    server.call('PEXPIRE', key, math.ceil(milliseconds), 'NX')
    server.call('PEXPIRE', key, math.ceil(milliseconds), 'GT')
end
"""

TAKE: Final = (
    LIBRARY
    + KEPT
    + """
local log, rank_logs, leases = KEYS[1], { KEYS[2], KEYS[3], KEYS[4] }, KEYS[5]
local ticket, mine, patience, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, window, span, regain = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local guaranteed = { tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]) }
local now = clock()

local classes = {}
for i = 1, (#KEYS - 5) / 2 do
    classes[i] = class_now(KEYS[4 + 2 * i], tonumber(ARGV[11 + 2 * i]), now, window, regain)
    classes[i].rank, classes[i].queue = tonumber(ARGV[10 + 2 * i]), KEYS[5 + 2 * i]
end
local class = classes[mine]
local rank = class.rank

for _, key in ipairs({ log, rank_logs[1], rank_logs[2], rank_logs[3] }) do
    server.call('ZREMRANGEBYSCORE', key, '-inf', now - span)
end
for _, member in ipairs(server.call('ZRANGEBYSCORE', leases, '-inf', now)) do
    local place, gone = string.match(member, '^(%d+)|(.*)$')
    server.call('ZREM', classes[tonumber(place)].queue, gone)
    server.call('ZREM', leases, member)
end

server.call('ZADD', class.queue, 'NX', now, ticket)
server.call('ZADD', leases, now + lease, mine .. '|' .. ticket)
local since = server.call('ZSCORE', class.queue, ticket)
local before = server.call('ZRANK', class.queue, ticket)

-- Who goes first: all of a more urgent rank, and of the same rank who came earlier, as far as their class lets them.
local used, unused, waiting = server.call('ZCARD', log), {}, { 0, 0, 0 }
for each = 1, 3 do
    unused[each] = math.max(0, guaranteed[each] - server.call('ZCARD', rank_logs[each]))
end
for i, other in ipairs(classes) do
    local ahead = other.rank < rank and server.call('ZCARD', other.queue)
        or i == mine and before
        or other.rank == rank and server.call('ZCOUNT', other.queue, '-inf', '(' .. since)
        or 0
    waiting[other.rank] = waiting[other.rank] + math.min(ahead, i == mine and ahead or other.ready)
end
local free, ahead = limit - used, waiting[rank]
for each = 1, 3 do
    if each ~= rank then
        free = free - unused[each]
    end
    if each < rank then
        ahead = ahead + math.max(0, waiting[each] - unused[each])
    end
end

local short_of_class = before + 1 - class.ready
local short = math.min(ahead + 1 - free, waiting[rank] + 1 - unused[rank])
if short_of_class <= 0 and short <= 0 and used < limit then
    server.call('ZADD', log, now, ticket)
    server.call('ZADD', rank_logs[rank], now, ticket)
    server.call('ZREM', class.queue, ticket)
    server.call('ZREM', leases, mine .. '|' .. ticket)
    server.call('HSET', KEYS[4 + 2 * mine], 'tokens', class.tokens - 1, 'at', now)
    for _, key in ipairs(KEYS) do
        keep(key, 2 * span + regain)
    end
    return { 1, string.format('%.3f', now) }
end

local wait = short_of_class > 0 and class.held + (before + 1 - class.tokens) / class.rate or 0
if short > 0 or used >= limit then
    local place = math.max(0, math.min(short, used) - 1)
    local leaving = server.call('ZRANGE', log, place, place, 'WITHSCORES')
    wait = math.max(wait, leaving[2] and leaving[2] + span - now or 0)
end
wait = math.max(wait, 20)
if wait > patience then
    server.call('ZREM', class.queue, ticket)
    server.call('ZREM', leases, mine .. '|' .. ticket)
end
return { 0, string.format('%.3f', wait) }
"""
)
"""Grant a ticket, or say how many milliseconds it has to wait; one with less patience than that is taken out."""

SLOW_DOWN: Final = (
    LIBRARY
    + KEPT
    + """
local limit, window, regain, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local granted_at, retry_after = tonumber(ARGV[5]), tonumber(ARGV[6])
local now = clock()
local class = class_now(KEYS[1], limit, now, window, regain)
local held_until = now + math.max(class.held, retry_after)
if granted_at > class.share_at then
    server.call('HSET', KEYS[1], 'share', math.max(least, class.share / 2), 'share_at', now)
end
-- The bucket fills from the end of the hold on, so that all who waited for it do not leave at once.
server.call('HSET', KEYS[1], 'held_until', held_until, 'tokens', 0, 'at', held_until)
keep(KEYS[1], 2 * window + regain + retry_after)
return 1
"""
)
"""Halve the share of a class and empty its bucket, once for all that was granted before; hold it for what was asked."""
