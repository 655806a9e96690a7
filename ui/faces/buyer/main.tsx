import { startApp } from '@/app/App';
import { BuyerFace } from '@/features/buyer/BuyerFace';

startApp(<BuyerFace />);
