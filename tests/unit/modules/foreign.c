int somebody_elses_symbol(void);

int somebody_elses_symbol(void)
{
    return 42;
}
