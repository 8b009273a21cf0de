"""The distributed shape under fire: workers killed, servers restarted, connections cut, facts doubled and shuffled."""
