"""What controllers do: each brings one kind of object a step nearer to what it should be."""
