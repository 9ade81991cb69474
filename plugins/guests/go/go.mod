module sampler

go 1.24
