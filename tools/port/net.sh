# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# net.sh: the sets of demo.sh that are networks.  guest.sh sources it, as /port/net.sh.

# Not busybox's own of these names, which its shell prefers.
ip()
{
	/bin/ip "$@"
}

tc()
{
	/bin/tc "$@"
}

two_spaces()
{
	mkdir -p /var/run/netns /run/netns
	ip netns add a
	ip netns add b
	ip -n a link set lo up
	ip -n b link set lo up
}

no_spaces()
{
	ip netns del a
	ip netns del b
	usleep 500000
}

# send FROM TO ADDRESS: some MB, from one name space to another.
send()
{
	# Input that does not end: at its end nc would close its half of the connection, and
	# the other one exit before it has sent all.
	[ -p /tmp/never ] || mkfifo /tmp/never
	exec 3<>/tmp/never
	ip netns exec "$2" timeout 300 nc -l -p 7777 <&3 >/tmp/received &
	usleep 200000
	if ! head -c 4000000 "$FILES" | ip netns exec "$1" timeout 300 nc "$3" 7777; then
		kill $!
		return 1
	fi
	wait $!
	head -c 4000000 "$FILES" | cmp - /tmp/received
}

wireguard()
{
	local a b

	two_spaces
	# What is sealed leaves by the name space in which they are made.
	ip -n a link add wa type wireguard
	ip -n b link add wb type wireguard
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	a=$(wg genkey) b=$(wg genkey)
	echo "$a" >/tmp/a && echo "$b" >/tmp/b
	ip netns exec a wg set wa private-key /tmp/a listen-port 1 peer "$(echo "$b" | wg pubkey)" \
		allowed-ips 10.2.0.2/32 endpoint 10.1.0.2:2 persistent-keepalive 10
	ip netns exec b wg set wb private-key /tmp/b listen-port 2 peer "$(echo "$a" | wg pubkey)" \
		allowed-ips 10.2.0.1/32 endpoint 10.1.0.1:1
	ip -n a addr add 10.2.0.1/24 dev wa && ip -n a link set wa up
	ip -n b addr add 10.2.0.2/24 dev wb && ip -n b link set wb up
	holds ping ip netns exec a ping -c 3 -W 5 10.2.0.2
	phase send-1 send a b 10.2.0.2
	holds "what was sent" send b a 10.2.0.1
	ip netns exec a wg show wa latest-handshakes >/tmp/first
	sleep 150
	holds "ping with a new key" ip netns exec a ping -c 3 -W 5 10.2.0.2
	ip netns exec a wg show wa latest-handshakes >/tmp/second
	holds "there is a new key" sh -c "! cmp -s /tmp/first /tmp/second"
	phase send-2 send a b 10.2.0.2
	# Many peers, and their tree of addresses.
	for n in $(seq 1 200); do
		echo "peer $(head -c 32 /dev/urandom | base64) allowed-ips 10.3.$n.0/24,10.4.$n.7/32"
	done | tr '\n' ' ' >/tmp/peers
	# shellcheck disable=SC2046 # words
	phase peers ip netns exec a wg set wa $(cat /tmp/peers)
	holds "peers" sh -c "[ \$(/bin/ip netns exec a wg show wa peers | wc -l) -eq 201 ]"
	no_spaces
}

nf_tables()
{
	local n

	two_spaces
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	{
		echo "table ip t {"
		echo "set plain { type ipv4_addr; elements = {"
		seq 1 10000 | awk '{ printf "%s10.%d.%d.9", (NR > 1 ? ", " : ""), 16 + int($1 / 256), $1 % 256 }'
		echo "} }"
		echo "set ranges { type ipv4_addr; flags interval; elements = {"
		seq 1 3000 | awk '{ printf "%s11.%d.%d.0/25", (NR > 1 ? ", " : ""), int($1 / 256), $1 % 256 }'
		echo "} }"
		echo "set bad { type ipv4_addr . inet_service; flags interval; elements = { 10.1.0.1 . 9000-9999 } }"
		echo "chain input { type filter hook input priority 0; ip saddr @plain drop; ip saddr @ranges drop; "
		printf '%s\n' "ip saddr . tcp dport @bad drop; }" "}"
	} >/tmp/rules
	for n in 1 2 3; do
		phase "load-$n" ip netns exec b nft -f /tmp/rules
		holds "all elements" sh -c "[ \$(/bin/ip netns exec b nft list set ip t plain | grep -oE '10\.[0-9]+\.[0-9]+\.9' | wc -l) -eq 10000 ]"
		holds "ping" ip netns exec a ping -c 2 -W 5 10.1.0.2
		ip netns exec b nft add element ip t plain "{ 10.1.0.1 }"
		holds "no ping" sh -c "! /bin/ip netns exec a ping -c 2 -W 2 10.1.0.2"
		ip netns exec b nft delete element ip t plain "{ 10.1.0.1 }"
		phase "send-$n" send a b 10.1.0.2
		phase "flush-$n" ip netns exec b nft flush ruleset
	done
	no_spaces
}

bridge()
{
	local n round

	two_spaces
	for round in 1 2 3; do
		ip -n a link add br0 type bridge
		ip -n a link set br0 type bridge vlan_filtering 1
		ip -n a addr add 10.1.0.1/24 dev br0 && ip -n a link set br0 up
		ip link add e0 netns a type veth peer name eb netns b
		ip -n a link set e0 master br0 up
		ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
		holds "ping $round" wait_for ip netns exec b ping -c 2 -W 5 10.1.0.1
		phase "ports-$round" ports
		phase "send-$round" send b a 10.1.0.1
		phase "gone-$round" ip -n a link del br0
		ip -n a link del e0
		for n in $(seq 1 40); do ip -n a link del "p$n"; done
	done
	no_spaces
}

ports()
{
	local n

	for n in $(seq 1 40); do
		ip -n a link add "p$n" type veth peer name "q$n"
		ip -n a link set "p$n" master br0 up
		ip -n a link set "q$n" up
	done
}

# A network over another, with macvlans and taps that come and go.
vxlan()
{
	local round

	two_spaces
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	for round in 1 2 3; do
		ip -n a link add va type vxlan id 7 remote 10.1.0.2 dstport 4789 dev ea
		ip -n b link add vb type vxlan id 7 remote 10.1.0.1 dstport 4789 dev eb
		ip -n a addr add 10.2.0.1/24 dev va && ip -n a link set va up
		ip -n b addr add 10.2.0.2/24 dev vb && ip -n b link set vb up
		holds "ping $round" ip netns exec a ping -c 2 -W 5 10.2.0.2
		phase "links-$round" links_of_all_kinds
		phase "send-$round" send a b 10.2.0.2
		phase "gone-$round" no_links
	done
	no_spaces
}

links_of_all_kinds()
{
	local n

	for n in $(seq 1 30); do
		ip -n a link add link ea name "m$n" type macvlan mode bridge
		ip -n a link set "m$n" up
		ip -n a tuntap add mode tap name "t$n"
		ip -n a link set "t$n" up
	done
}

no_links()
{
	local n

	for n in $(seq 1 30); do
		ip -n a link del "m$n"
		ip -n a tuntap del mode tap name "t$n"
	done
	ip -n a link del va
	ip -n b link del vb
}

ipset()
{
	local n

	{
		echo "create plain hash:ip maxelem 20000"
		seq 1 10000 | awk '{ printf "add plain 10.%d.%d.9\n", 16 + int($1 / 256), $1 % 256 }'
		echo "create nets hash:net comment"
		seq 1 3000 | awk '{ printf "add nets 11.%d.%d.0/%d comment \"number %d\"\n", int($1 / 256), $1 % 256, 24 + $1 % 8, $1 }'
		echo "create ports bitmap:port range 0-9999 timeout 3000"
		seq 1 1000 | awk '{ print "add ports", $1 * 7 }'
		echo "create all list:set"
		echo "add all plain"
		echo "add all nets"
	} >/tmp/rules
	for n in 1 2 3; do
		phase "load-$n" /bin/ipset restore -f /tmp/rules
		holds "all elements" sh -c "[ \$(/bin/ipset list plain | grep -c '^10') -eq 10000 ]"
		holds "one is there" /bin/ipset test nets 11.0.1.3
		holds "one is not" sh -c "! /bin/ipset test plain 10.0.0.1"
		phase "delete-$n" sh -c "sed -n 's/^add plain \(.*[13579]\.9\)/del plain \1/p' /tmp/rules | /bin/ipset restore"
		phase "flush-$n" /bin/ipset flush
		holds "destroy" sh -c "/bin/ipset destroy all; /bin/ipset destroy"
	done
}

sched()
{
	local n round

	mkdir -p /etc/iproute2
	printf '%s\n' '2 nbyte' '5 text' >/etc/iproute2/ematch_map
	two_spaces
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	for round in 1 2; do
		phase "rules-$round" rules
		holds "rules $round" sh -c "[ \$(/bin/tc -n a filter show dev ea | grep -c fh) -ge 20 ]"
		phase "send-$round" send a b 10.1.0.2
		tc -n a qdisc del dev ea root
	done
	no_spaces
}

rules()
{
	local n

	tc -n a qdisc add dev ea root handle 1: htb default 1
	tc -n a class add dev ea parent 1: classid 1:1 htb rate 1gbit
	tc -n a qdisc add dev ea parent 1:1 sfq
	for n in $(seq 1 20); do
		tc -n a filter add dev ea parent 1: protocol ip prio 1 u32 match ip dst "10.9.0.$n" flowid 1:1 action pass
	done
	tc -n a filter add dev ea parent 1: protocol ip prio 2 flower dst_ip 10.9.1.0/24 action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 3 basic match 'nbyte("abcd" at 0 layer 1)' action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 4 basic match 'text(kmp "a secret" from 0 to 200)' action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 5 matchall action pass
}
