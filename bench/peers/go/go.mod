module jebi.dev/bench

go 1.23
